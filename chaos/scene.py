"""What the evidence shows of one placement under one fault: the facts of which causes are told."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from chaos.disk.disks import CUT
from chaos.faults.fault import Instances, Witness
from chaos.verdict import Judgement


@dataclass(frozen=True)
class Scene:
    """Knows nothing of what was predicted. `before` and `after` are those that hold the state: the Redis
    behind a service, or the service itself.
    """

    fault: str
    judgement: Judgement
    witness: Witness

    @property
    def before(self) -> Instances:
        return self.witness.holders_before or self.witness.before

    @property
    def after(self) -> Instances:
        return self.witness.holders_after if self.witness.holders_before else self.witness.after

    @property
    def what(self) -> str:
        """How many sessions and acknowledged writes are concerned; the sentence's subject and verb."""
        sessions = self.judgement.dropped_sessions or self.judgement.sessions
        writes = counted(self.judgement.lost, "acknowledged write")
        return f"{counted(sessions, 'session')} ({writes}) {'was' if sessions == 1 else 'were'}"

    @property
    def writes(self) -> str:
        """The same where the sessions are still there."""
        lost = self.judgement.lost
        return f"{counted(lost, 'acknowledged write')} {'was' if lost == 1 else 'were'}"

    @property
    def old(self) -> str:
        return listed({i.short for i in self.before})

    @property
    def new(self) -> str:
        return listed({i.short for i in self.after})

    @property
    def anew(self) -> str:
        """Who began where it was."""
        return f"container {self.new} began" if self.gone else "the same container began"

    @cached_property
    def kinds(self) -> set[str]:
        """The kinds of places in which the state was."""
        return {str(i.where.get("kind", "unknown")) for i in self.before}

    @property
    def place(self) -> str:
        return listed(self.kinds).replace("-", " ")

    @property
    def gone(self) -> bool:
        """Whether none of the containers is there any more."""
        return {i.id for i in self.before}.isdisjoint(i.id for i in self.after)

    @property
    def ended(self) -> bool:
        """Whether none of the processes is."""
        return {i.boot for i in self.before}.isdisjoint(i.boot for i in self.after)

    @property
    def unchanged(self) -> bool:
        """Whether the same processes were there all along."""
        boots = {i.boot for i in self.before}
        return bool(boots) and None not in boots and boots == {i.boot for i in self.after}

    @property
    def fewer(self) -> set[str]:
        """Those that are gone where others of them stayed, and none is new."""
        stayed = {i.short for i in self.after}
        went = {i.short for i in self.before} - stayed
        return went if stayed < {i.short for i in self.before} else set()

    @property
    def orphans(self) -> set[str]:
        """Volumes that the holders had before, and that none of them has now."""
        now = {v.removesuffix(CUT) for i in self.after for v in i.volumes}
        return {v for i in self.before for v in i.volumes} - now

    @property
    def rebooted(self) -> bool:
        """Whether the disk is now what was left of it when its power was cut."""
        return any(v.endswith(CUT) for i in self.after for v in i.volumes)

    @property
    def remade(self) -> set[str]:
        """Volumes of the holders whose name now belongs to another one."""
        now = {name: made for i in self.after for name, made in i.made.items()}
        then = {name: made for i in self.before for name, made in i.made.items()}
        return {name for name, made in then.items() if now.get(name, made) != made}

    def appends(self, instances: Instances) -> bool:
        """Whether any of these Redis writes an append-only file."""
        return any(i.where.get("aof_enabled") == "1" for i in instances)

    @property
    def refusals(self) -> set[str | None]:
        """The problems with which final reads were refused."""
        final = (op for op in self.witness.history if op.phase == "final")
        return {op.problem for op in final if op.outcome == "fail"}

    @property
    def replays(self) -> int:
        """How many older credentials opened a session."""
        return sum(op.operation == "replay" and op.outcome == "ok" for op in self.witness.history)

    def answered(self, outcome: str) -> set[str]:
        """The containers whose final reads of sessions at stake ended like this."""
        opened = {
            op.session for op in self.witness.history if op.operation == "open" and op.phase == "steady"
        }
        final = [op for op in self.witness.history if op.phase == "final" and op.session in opened]
        return {op.served_by.split("/")[1] for op in final if op.served_by and op.outcome == outcome}

    def found(self, name: str) -> int:
        """A figure that the fault measured; 0 where it measured none of that name."""
        return int(self.witness.findings.get(name, 0))


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def listed(names: set[str] | Sequence[str]) -> str:
    *most, last = sorted(names) or ["none"]
    return f"{', '.join(most)} and {last}" if most else last
