"""The faults, by name."""

from chaos.faults.clients import ConcurrentWrites, ReplayToken
from chaos.faults.container import Commit, DownUp, Recreate, Remove, Update, VolumeLost
from chaos.faults.devices import LostAnswer, Offline, OfflineWhile
from chaos.faults.disk import DiskFull, PowerLoss
from chaos.faults.fault import Fault, Findings, Victim, Witness
from chaos.faults.keys import NewKeys
from chaos.faults.memory import OutOfMemory
from chaos.faults.mount import WrongMount
from chaos.faults.process import Kill, NoFault, Restart, RollingRestart, StopStart
from chaos.faults.reach import Partition, Pause
from chaos.faults.redis import AppendOnly, Evict, TornFile
from chaos.faults.replicas import ScaleIn, ScaleOut

FAULTS: dict[str, Fault] = {
    fault.name: fault
    for fault in (
        NoFault(),
        StopStart(),
        Restart(),
        Kill(),
        OutOfMemory(),
        Remove(),
        Remove(
            "remove-volumes",
            with_volumes=True,
            says="docker compose rm --volumes, then up: anonymous volumes go along",
        ),
        Recreate(),
        Recreate(
            "recreate-renew",
            renew_volumes=True,
            says="docker compose up --force-recreate -V: anonymous volumes are not handed on",
        ),
        Update(),
        Commit(),
        ScaleOut(),
        ScaleIn(),
        RollingRestart(),
        Pause(),
        Partition(),
        WrongMount(),
        NewKeys(),
        NewKeys(
            "rotate-keys",
            retire=False,
            says="a newer key seals from now on, the older ones stay in the ring",
        ),
        ConcurrentWrites(),
        ReplayToken(),
        StopStart("redis-stop-start", "store"),
        Kill("redis-kill", "store"),
        Recreate("redis-recreate", "store"),
        VolumeLost(),
        Partition("redis-partition", "store", "back"),
        Pause("redis-pause", "store"),
        Evict(),
        TornFile(),
        AppendOnly(),
        AppendOnly(
            "redis-aof-online",
            online=True,
            says="CONFIG SET appendonly yes, then recreated with --appendonly yes",
        ),
        DiskFull(),
        PowerLoss(),
        Offline(),
        OfflineWhile(),
        OfflineWhile(
            "offline-redis-kill",
            "store",
            Kill("redis-kill", "store"),
            says="Redis is killed while devices are cut off, and again while they upload",
        ),
        LostAnswer(),
        DownUp(),
        DownUp(
            "down-volumes-up",
            with_volumes=True,
            says="docker compose down --volumes, then up: all containers and volumes are new",
        ),
    )
}

HEADLINES = ("none", "restart", "kill", "recreate", "scale-out")
"""What the demo shows."""

__all__ = ["FAULTS", "HEADLINES", "Fault", "Findings", "Victim", "Witness"]
