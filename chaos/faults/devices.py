"""Faults on the way to devices, which work on meanwhile: what they did is uploaded when they are back."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ClassVar

from chaos.cluster import Cluster
from chaos.engine import ClusterError
from chaos.faults.container import Recreate
from chaos.faults.fault import Fault, Findings, Victim, Witness
from chaos.faults.proof import calm
from chaos.line import Line
from loadtests.history import Operation
from loadtests.score import Habit

NOBODY = "no-answer"
STARTED_BETWEEN = "started between the blows"


@dataclass(frozen=True)
class Offline(Fault):
    """Devices are cut off, work on, and come back."""

    name: str = "offline"
    victim: Victim = "service"
    says: ClassVar[str] = "the line of two devices a session is cut; they work on, come back, and upload"
    habit: ClassVar[Habit] = "two-devices"

    @contextmanager
    def inject(self, cluster: Cluster, targets: Sequence[str]) -> Iterator[None]:
        del targets
        with _line(cluster).cut():
            yield

    def happened(self, witness: Witness) -> bool:
        return calm(witness) and was_cut_off(witness.history)


@dataclass(frozen=True)
class OfflineWhile(Fault):
    """The server side meets a fault while devices are cut off, and again while they upload."""

    name: str = "offline-recreate"
    victim: Victim = "service"
    meanwhile: Fault = field(default_factory=Recreate)
    says: str = "the service is recreated while devices are cut off, and again while they upload"
    habit: ClassVar[Habit] = "device"

    @contextmanager
    def inject(self, cluster: Cluster, targets: Sequence[str]) -> Iterator[Findings]:
        line, between = _line(cluster), dict[str, dict[str, str]]()
        with line.cut(), self.meanwhile.inject(cluster, targets):
            yield between
        carried = line.carried
        cluster.until(lambda: line.carried > carried, "the devices are back, and upload")
        between |= {i.service: {STARTED_BETWEEN: i.started_at} for i in cluster.seen(targets)}
        with self.meanwhile.inject(cluster, targets):
            pass

    def happened(self, witness: Witness) -> bool:
        between = witness.findings.get(STARTED_BETWEEN)
        twice = between and between not in {i.started_at for i in (*witness.before, *witness.after)}
        return bool(twice) and self.meanwhile.happened(witness) and was_cut_off(witness.history)


@dataclass(frozen=True)
class LostAnswer(Fault):
    """Every second answer to a device is lost on its way, after the service did the work."""

    name: str = "lost-answer"
    victim: Victim = "service"
    says: ClassVar[str] = "the connection of every second answer to a device is cut: it uploads again"
    habit: ClassVar[Habit] = "device"

    @contextmanager
    def inject(self, cluster: Cluster, targets: Sequence[str]) -> Iterator[None]:
        del targets
        with _line(cluster).losing(every=2):
            yield

    def happened(self, witness: Witness) -> bool:
        return calm(witness) and uploaded_again(witness.history)


def was_cut_off(history: Sequence[Operation]) -> bool:
    """Whether a device found nobody there while it went on writing."""
    fault = [op for op in history if op.phase == "fault"]
    alone = any(op.operation == "sync" and op.outcome == "fail" and op.problem == NOBODY for op in fault)
    return alone and any(op.is_write for op in fault)


def uploaded_again(history: Sequence[Operation]) -> bool:
    """Whether an upload whose answer was lost was made again, and answered."""
    syncs = [op for op in history if op.operation == "sync"]
    lost = {
        op.session for op in syncs if op.phase == "fault" and op.outcome == "info" and op.problem == NOBODY
    }
    return any(op.session in lost and op.outcome == "ok" and op.phase != "steady" for op in syncs)


def _line(cluster: Cluster) -> Line:
    if cluster.line is None:
        raise ClusterError("devices need a line to the gateway: run this fault in an experiment")
    return cluster.line
