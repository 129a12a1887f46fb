"""Why what was lost was lost: a sentence for each scene that the evidence can show, the first that fits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chaos.scene import Scene, counted, listed


@dataclass(frozen=True)
class Cause:
    """A sentence that is told where `fits`."""

    fits: Callable[[Scene], object]
    says: Callable[[Scene], str]


def tell(scene: Scene) -> str:
    """The cause in a sentence; where the evidence explains nothing, it says so, with the identities."""
    cause = next(cause.says(scene) for cause in CAUSES if cause.fits(scene))
    if not scene.judgement.pending:
        return cause
    pending = scene.judgement.pending
    are = "is" if pending == 1 else "are"
    return f"{cause} {counted(pending, 'more write')}, not acknowledged, {are} safe on devices."


CAUSES: Sequence[Cause] = (
    Cause(
        lambda s: s.judgement.observed == "split" and s.kinds == {"client"},
        lambda s: (
            f"each device holds a copy of its own since it joined: of {s.judgement.split_sessions} of "
            f"{s.judgement.sessions} sessions two devices find different states, and no server knows of both."
        ),
    ),
    Cause(
        lambda s: s.judgement.observed == "split",
        lambda s: (
            f"each of the {len(s.after)} containers has a {s.place} of its own: "
            f"{s.judgement.split_sessions} of {s.judgement.sessions} sessions are known to container "
            f"{listed(s.answered('ok'))} only; {listed(s.answered('fail') - s.answered('ok'))} answered that "
            "there is no such session."
        ),
    ),
    Cause(
        lambda s: s.refusals == {"credential-invalid"},
        lambda s: f"{s.what} sealed with a key that is no longer in the key ring: their tokens are refused.",
    ),
    Cause(
        lambda s: s.kinds == {"client"} and s.replays,
        lambda s: (
            f"{counted(s.replays, 'client')} came back with an older token, and it opened: "
            f"{counted(s.judgement.resurrected, 'ended session')} live again, {s.writes} taken back. "
            "No server remembers which token is the newest."
        ),
    ),
    Cause(
        lambda s: s.kinds == {"client"} and s.unchanged and s.judgement.lost_updates,
        lambda s: (
            f"{s.writes} in tokens that no client holds any more: of two "
            "that were made from the same one at a time, the cookie that came last is the session."
        ),
    ),
    Cause(
        lambda s: s.fewer,
        lambda s: f"{s.what} with containers {listed(s.fewer)}, which `{s.fault}` removed.",
    ),
    Cause(
        lambda s: s.found("evicted keys"),
        lambda s: (
            f"{s.what} in the memory of the Redis in container {s.old}, which ran full: by its policy "
            f"it forgot {s.found('evicted keys')} keys, sessions among them."
        ),
    ),
    Cause(
        lambda s: s.found("bytes before") > s.found("bytes after") and not s.gone,
        lambda s: (
            f"{s.writes} in the last "
            f"{s.found('bytes before') - s.found('bytes after')} of {s.found('bytes before')} bytes of the "
            f"append-only file of container {s.old}, which were cut off; Redis started with what is before."
        ),
    ),
    Cause(
        lambda s: not s.appends(s.before) and s.appends(s.after),
        lambda s: (
            f"{s.what} in the memory and the snapshot of the Redis in container {s.old}; container "
            f"{s.new} has an append-only file, which was empty, and read that one alone."
        ),
    ),
    Cause(
        lambda s: s.rebooted and s.judgement.observed != "lost",
        lambda s: (
            f"{s.writes} in the page cache for container {s.old} when the power went, and not synced: "
            f"those of the last {s.judgement.lost_milliseconds} ms."
        ),
    ),
    Cause(
        lambda s: s.orphans,
        lambda s: (
            f"{s.what} on volume {listed({name[:12] for name in s.orphans})} of container {s.old}; "
            f"container {s.new} has another one since `{s.fault}`."
        ),
    ),
    Cause(
        lambda s: s.kinds == {"process-memory"} and s.ended,
        lambda s: (
            f"{s.what} in the memory of a process in container {s.old}; `{s.fault}` ended it, and "
            f"{s.anew} without."
        ),
    ),
    Cause(
        lambda s: s.kinds == {"tmpfs"} and s.ended,
        lambda s: (
            f"{s.what} on a tmpfs of container {s.old}, which ends with every stop; {s.anew} with a new one."
        ),
    ),
    Cause(
        lambda s: s.kinds == {"writable-layer"} and s.gone,
        lambda s: (
            f"{s.what} in the writable layer of container {s.old}, which `{s.fault}` deleted; "
            f"{s.anew} with its own."
        ),
    ),
    Cause(
        lambda s: s.kinds == {"redis"} and s.ended and not s.appends(s.before),
        lambda s: (
            f"{s.what} in the memory of the Redis in container {s.old}, which ended before they were on "
            f"its disk; {s.anew} without them."
        ),
    ),
    Cause(
        lambda s: s.remade,
        lambda s: (
            f"{s.what} on volume {listed(s.remade)} of container {s.old}, which `{s.fault}` removed; a "
            f"new one of that name began empty with container {s.new}."
        ),
    ),
    Cause(
        lambda s: s.kinds == {"process-memory"} and s.unchanged and not s.judgement.dropped_sessions,
        lambda s: (
            f"{s.writes} never made: the process in container {s.old} was "
            "there all along, and its store said yes to what it did not keep."
        ),
    ),
    Cause(
        lambda _: True,
        lambda s: (
            f"{s.what} lost, and the evidence does not explain it: state in {listed(s.kinds)}, "
            f"container {s.old} before and {s.new} after."
        ),
    ),
)
