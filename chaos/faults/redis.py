"""Faults that only a Redis has: of its memory, its append-only file and its configuration."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

from chaos.cluster import Cluster
from chaos.faults.fault import Fault, Findings, Victim, Witness
from chaos.faults.proof import new_containers, new_processes, same_containers, same_processes
from chaos.instance import Instance

_SHORT_OF_MEMORY = Path(__file__).with_name("redis-evict.yaml")
_SWITCHED = Path(__file__).with_name("redis-aof-switch.yaml")

_JUNK = "return redis.call('SET', 'junk:' .. redis.call('INCR', 'junk:n'), string.rep('x', 16384))"
_NO_JUNK = "for _, key in ipairs(redis.call('KEYS', 'junk:*')) do redis.call('DEL', key) end"
_ROUNDS = 40
"""Of 200 values of 16 KiB each, at most: one round is about the memory that it may use."""

_TEAR = """
file=$(ls -v /data/appendonlydir/*.incr.aof | tail -n 1) && stat -c %s "$file" \
&& truncate -s -4096 "$file" && stat -c %s "$file"
"""


@dataclass(frozen=True)
class Evict(Fault):
    """Memory runs short, and the policy is to forget keys rather than to refuse writes."""

    name: str = "redis-evict"
    victim: Victim = "store"
    says: str = "maxmemory reached by other data, with maxmemory-policy allkeys-lru"

    @contextmanager
    def arranged(self, cluster: Cluster, targets: Sequence[str]) -> Iterator[Cluster]:
        with cluster.under(_SHORT_OF_MEMORY, targets) as short:
            # Of two experiments' sessions the older ones would be evicted, which nobody misses.
            cluster.together(partial(_forget_all, cluster), cluster.containers(*targets))
            yield short

    @contextmanager
    def inject(self, cluster: Cluster, targets: Sequence[str]) -> Iterator[Findings]:
        stores = cluster.seen(targets)
        with cluster.healing(lambda: _clear(cluster, stores)):
            evicted = cluster.together(partial(_crowd_out, cluster), stores)
            yield {store.service: counts for store, counts in zip(stores, evicted, strict=True)}

    def happened(self, witness: Witness) -> bool:
        evicted = [witness.findings.get(f"evicted {what}") for what in ("keys", "sessions")]
        return all(evicted) and same_processes(witness)


def _crowd_out(cluster: Cluster, store: Instance) -> Mapping[str, int]:
    """Write other data until a session was evicted; how many keys and sessions were."""
    before = after = _sessions(cluster, store)
    for _ in range(_ROUNDS):
        cluster.inside(store.id, "redis-cli", "-r", "200", "EVAL", _JUNK, "0")
        if (after := _sessions(cluster, store)) < before:
            break
    keys = int(cluster.redis_info(store.id)["evicted_keys"])
    return {"evicted keys": keys, "evicted sessions": max(0, before - after)}


def _sessions(cluster: Cluster, store: Instance) -> int:
    return len(cluster.inside(store.id, "redis-cli", "--scan", "--pattern", "session:*").splitlines())


def _forget_all(cluster: Cluster, container: str) -> None:
    cluster.inside(container, "redis-cli", "FLUSHALL")


def _clear(cluster: Cluster, stores: Sequence[Instance]) -> None:
    cluster.together(lambda store: cluster.inside(store.id, "redis-cli", "EVAL", _NO_JUNK, "0"), stores)


@dataclass(frozen=True)
class TornFile(Fault):
    """Killed, and the end of its append-only file missing when it starts again."""

    name: str = "redis-torn-aof"
    victim: Victim = "store"
    says: str = "docker kill, the last 4 KiB of the append-only file cut off, docker start"

    @contextmanager
    def inject(self, cluster: Cluster, targets: Sequence[str]) -> Iterator[Findings]:
        stores = cluster.seen(targets)
        with cluster.healing():
            cluster.each("kill", [store.id for store in stores])
            sizes = cluster.together(lambda store: cluster.beside(store, "sh", "-c", _TEAR).split(), stores)
            cluster.each("start", [store.id for store in stores])
            yield {
                store.service: {"bytes before": int(before), "bytes after": int(after)}
                for store, (before, after) in zip(stores, sizes, strict=True)
            }

    def happened(self, witness: Witness) -> bool:
        before, after = (witness.findings.get(f"bytes {moment}", 0) for moment in ("before", "after"))
        return before > after > 0 and same_containers(witness) and new_processes(witness)


@dataclass(frozen=True)
class AppendOnly(Fault):
    """From snapshots to an append-only file by editing the command: the new file is empty, and read first.

    `online`: with CONFIG SET before, which writes a file of all there is.
    """

    name: str = "redis-aof-switch"
    victim: Victim = "store"
    online: bool = False
    says: str = "a snapshotting Redis recreated with --appendonly yes"
    lasting: ClassVar[bool] = True

    @contextmanager
    def inject(self, cluster: Cluster, targets: Sequence[str]) -> Iterator[None]:
        if self.online:
            cluster.together(partial(_append, cluster), cluster.containers(*targets))
        with cluster.under(_SWITCHED, targets):
            yield

    def happened(self, witness: Witness) -> bool:
        before, after = ({i.where.get("aof_enabled") for i in w} for w in (witness.before, witness.during))
        return before == {"0"} and after == {"1"} and new_containers(witness)


def _append(cluster: Cluster, container: str) -> None:
    """Switch the append-only file on, and wait until it holds everything."""
    cluster.inside(container, "redis-cli", "CONFIG", "SET", "appendonly", "yes")

    def written() -> bool:
        info = cluster.redis_info(container)
        pending = {info["aof_rewrite_in_progress"], info["aof_rewrite_scheduled"]}
        return pending == {"0"} and info["aof_last_bgrewrite_status"] == "ok"

    cluster.until(written, "the append-only file holds everything")
