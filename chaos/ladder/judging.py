"""What was acknowledged and what is found again -> what was lost, and whether that was expected. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from chaos.disk.disks import CUT
from chaos.instance import SIGKILLED
from chaos.ladder.rungs import Blow, Lost, Rung

Verdict = Literal["match", "surprise", "unknown", "skipped"]


@dataclass(frozen=True)
class Identity:
    """What tells a killed one from another. `process` is its number and start; empty when it is gone."""

    container: str
    started_at: str
    volume: str
    process: str


@dataclass(frozen=True)
class Proof:
    """Who wrote, just before the blow, and who was read afterwards.

    `exit_code` is that of the container that was killed; None where none was.
    """

    before: Identity
    after: Identity
    exit_code: int | None


@dataclass(frozen=True)
class Seen:
    """What one blow to one rung showed.

    `acknowledged` has the client's seconds for each number. `found` is None where it could not be
    read; `note` says what was odd about reading it.
    """

    acknowledged: Mapping[int, float]
    found: Collection[int] | None
    proof: Proof
    note: str = ""


@dataclass(frozen=True)
class Cell:
    """`milliseconds`: from the first lost acknowledgement to the last. `surplus`: found, not acknowledged."""

    rung: str
    blow: Blow
    verdict: Verdict
    predicted: str
    why: str
    observed: Lost | Literal["unknown"] = "unknown"
    acknowledged: int = 0
    lost: int = 0
    milliseconds: float = 0.0
    surplus: int = 0
    reason: str = ""
    """Why it is unknown or skipped, or what was odd."""
    proof: Proof | None = None

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "milliseconds": round(self.milliseconds, 1)}


def judge(rung: Rung, blow: Blow, seen: Seen, wanted: int) -> Cell:
    """What came of a blow that was to hit after `wanted` acknowledged writes."""
    expected = rung.expected[blow]
    found = set(seen.found or ())
    lost = sorted(seen.acknowledged.keys() - found)
    times = [seen.acknowledged[number] for number in lost]
    milliseconds = (max(times) - min(times)) * 1000 if times else 0.0
    reason = _unknown(blow, seen, wanted)
    observed = _amount(len(lost), len(seen.acknowledged))
    within = expected.at_most is None or milliseconds <= expected.at_most
    as_expected: Verdict = "match" if observed in expected.lost and within else "surprise"
    return Cell(
        rung=rung.name,
        blow=blow,
        verdict="unknown" if reason else as_expected,
        predicted=str(expected),
        why=expected.why,
        observed="unknown" if reason else observed,
        acknowledged=len(seen.acknowledged),
        lost=0 if seen.found is None else len(lost),
        milliseconds=0.0 if seen.found is None else milliseconds,
        surplus=len(found - seen.acknowledged.keys()),
        reason=reason or seen.note,
        proof=seen.proof,
    )


def skipped(rung: Rung, blow: Blow, reason: str) -> Cell:
    """A cell that this machine cannot measure."""
    expected = rung.expected[blow]
    return Cell(rung.name, blow, "skipped", str(expected), expected.why, reason=reason)


def happened(blow: Blow, proof: Proof) -> bool:
    """Whether the identities prove that the blow hit, and that it hit what was writing."""
    before, after = proof.before, proof.after
    if not before.process:
        return False
    same = before.container == after.container
    up_since = before.started_at == after.started_at
    killed = proof.exit_code == SIGKILLED
    match blow:
        case "process kill":
            return same and up_since and proof.exit_code is None and after.process != before.process
        case "container kill":
            return same and not up_since and killed and after.volume == before.volume
    return not same and killed and after.volume == f"{before.volume}{CUT}"


def exit_code(cells: Iterable[Cell]) -> int:
    """0 as predicted, 1 a surprise, 2 something unknown; nothing measured at all is unknown too."""
    verdicts = {cell.verdict for cell in cells}
    if "surprise" in verdicts:
        return 1
    return 2 if "unknown" in verdicts or "match" not in verdicts else 0


def summary(cells: Sequence[Cell]) -> dict[str, int]:
    verdicts: tuple[Verdict, ...] = ("match", "surprise", "unknown", "skipped")
    return {verdict: sum(cell.verdict == verdict for cell in cells) for verdict in verdicts}


def _amount(lost: int, acknowledged: int) -> Lost:
    if not lost:
        return "none"
    return "all" if lost == acknowledged else "some"


def _unknown(blow: Blow, seen: Seen, wanted: int) -> str:
    """Why nothing can be said, or nothing. One write may be in flight: it was made, and not yet told."""
    surplus = len(set(seen.found or ()) - seen.acknowledged.keys())
    if len(seen.acknowledged) < wanted:
        return (
            f"only {len(seen.acknowledged)} of {wanted} writes were acknowledged in time. {seen.note}".strip()
        )
    if not happened(blow, seen.proof):
        return f"there is no proof of the {blow}: {seen.proof}"
    if seen.found is None:
        return f"what is left could not be read: {seen.note}"
    if surplus > 1:
        return f"{surplus} records are there that nobody acknowledged: acknowledgements went missing"
    return ""
