"""What proves the faults that are more than a container or process that changed: literal witnesses."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from chaos.faults.fault import Witness
from chaos.instance import Instance
from loadtests.history import Kind, Operation, Phase
from tests.unit.witnesses import instance, redis, witness

Cases = Mapping[str, Witness]
Proofs = tuple[Cases, Cases]


def oom() -> Proofs:
    a1, a2, b2 = instance("a", "b1"), instance("a", "b2"), instance("b", "b2")
    dead = replace(a1, status="exited", exit_code=137, oom_killed=True, where={})
    return {
        "killed by the kernel, then a new process": witness([a1], [dead], [a2]),
    }, {
        "killed by somebody else": witness([a1], [replace(dead, oom_killed=False)], [a2]),
        "another process was killed, and it went on": witness([a1], [replace(a1, oom_killed=True)], [a1]),
        "it ended in another way": witness([a1], [replace(dead, exit_code=1)], [a2]),
        "another container afterwards": witness([a1], [dead], [b2]),
        "not seen in between": witness([a1], [], [a2]),
        "nobody was there": witness([], [], []),
    }


def wrong_mount() -> Proofs:
    wrong, right = ("volume state on /elsewhere",), ("volume state on /state",)
    a1, b2 = (replace(instance(n, f"b{n}"), mounts=wrong) for n in "ab")
    r1, r2 = (replace(redis(n, f"r{n}"), mounts=wrong) for n in "ab")
    front = replace(witness([a1], [b2], [b2]), holders_before=(r1,), holders_after=(r2,))
    straight = replace(r1, mounts=right)
    return {
        "a new container, the volume elsewhere": witness([a1], [b2], [b2]),
        "the volume of the Redis behind it elsewhere": front,
    }, {
        "the same container": witness([a1], [a1], [a1]),
        "the volume where it belongs": witness([replace(a1, mounts=right)], [b2], [b2]),
        "no mount at all": witness([replace(a1, mounts=())], [b2], [b2]),
        "the volume of the Redis where it belongs": replace(front, holders_before=(straight,)),
        "the Redis stayed": replace(front, holders_after=(r1,)),
        "the Redis did not come back": replace(front, holders_after=()),
        "nobody was there": witness([], [b2], [b2]),
    }


def keys(*, retire: bool) -> Proofs:
    retired = "retired: 0001.jwk" if retire else ""
    told = {"key ring": [line for line in ("0002.jwk seals from now on", retired) if line]}
    old, new = _token("key 1"), _token("key 2")
    a1, a2 = instance("a", "b1"), instance("a", "b2")
    half = {"key ring": ["0002.jwk seals from now on", "" if retire else "retired: 0001.jwk"]}
    return {
        "another key seals": found([old], [new], told),
        "no tokens here": found([a1], [a1], told),
    }, {
        "the same key seals": found([old], [old], told),
        "the ring was left as it was": found([old], [new], {"key ring": ["is there already"]}),
        "the older keys are not as they should be": found([old], [new], half),
        "nobody looked at the ring": found([old], [new], {}),
        "another process": found([a1], [a2], told),
        "nobody was there": found([], [], told),
    }


def _token(key: str) -> Instance:
    one = instance("a", "b1", kind="client", service="token")
    return replace(one, where={**one.where, "source": key})


def found(before: Sequence[Instance], after: Sequence[Instance], findings: Mapping[str, Any]) -> Witness:
    return replace(witness(before, after, after), findings=findings)


def concurrent_writes() -> Proofs:
    a1, a2 = instance("a", "b1"), instance("a", "b2")
    one, other = _at(0.0, 2.0), _at(1.0, 3.0)
    return {
        "two at a time": lived([a1], [a1], one, other),
        "two at a time, the later one ended first": lived([a1], [a1], _at(0.0, 3.0), _at(1.0, 2.0)),
    }, {
        "one after the other": lived([a1], [a1], _at(0.0, 1.0), _at(1.0, 2.0)),
        "one of them refused": lived([a1], [a1], one, replace(other, outcome="fail")),
        "one of them a read": lived([a1], [a1], one, replace(other, operation="read")),
        "of two sessions": lived([a1], [a1], one, replace(other, session="t")),
        "before the fault": lived([a1], [a1], replace(one, phase="steady"), other),
        "nothing was written": lived([a1], [a1]),
        "another process": lived([a1], [a2], one, other),
        "nobody was there": lived([], [], one, other),
    }


def replay_token() -> Proofs:
    a1, a2 = instance("a", "b1"), instance("a", "b2")
    close, replayed = _done("close"), _done("replay")
    refused = replace(replayed, outcome="fail", problem="credential-invalid")
    return {
        "replayed after the end": lived([a1], [a1], close, replayed),
        "replayed and refused": lived([a1], [a1], close, refused),
    }, {
        "only ended": lived([a1], [a1], close),
        "only replayed": lived([a1], [a1], replayed),
        "the end was refused": lived([a1], [a1], replace(close, outcome="fail"), replayed),
        "nobody answered the replay": lived([a1], [a1], close, replace(refused, served_by=None)),
        "of another session": lived([a1], [a1], close, replace(replayed, session="t")),
        "another process": lived([a1], [a2], close, replayed),
        "nobody was there": lived([], [], close, replayed),
    }


def lived(before: Sequence[Instance], after: Sequence[Instance], *history: Operation) -> Witness:
    return replace(witness(before, before, after), history=history)


def _at(began: float, ended: float) -> Operation:
    return Operation("s", f"v{began}", "visit", "ok", began, ended, "fault", "stateful/1/b1", 1)


def _done(kind: Kind, phase: Phase = "fault") -> Operation:
    value = {"items": [], "visits": 0} if kind == "replay" else None
    return Operation("s", "i", kind, "ok", 0.0, 0.0, phase, "stateful/1/b1", value)


def evict() -> Proofs:
    r1, r2 = redis("a", "r1"), redis("a", "r2")
    evicted = {"evicted keys": 7, "evicted sessions": 1}
    return {
        "sessions were evicted": found([r1], [r1], evicted),
    }, {
        "none was": found([r1], [r1], {"evicted keys": 0, "evicted sessions": 0}),
        "only other keys were": found([r1], [r1], {"evicted keys": 7, "evicted sessions": 0}),
        "nobody counted": found([r1], [r1], {}),
        "another process": found([r1], [r2], evicted),
        "nobody was there": found([], [], evicted),
    }


def torn() -> Proofs:
    r1, r2, other = redis("a", "r1"), redis("a", "r2"), redis("b", "r2")
    cut = {"bytes before": 9000, "bytes after": 4904}
    return {
        "shorter, and started again": found([r1], [r2], cut),
    }, {
        "as long as before": found([r1], [r2], {"bytes before": 9000, "bytes after": 9000}),
        "nothing is left": found([r1], [r2], {"bytes before": 4096, "bytes after": 0}),
        "nobody measured": found([r1], [r2], {}),
        "the same process": found([r1], [r1], cut),
        "another container": found([r1], [other], cut),
        "nobody was there": found([], [], cut),
    }


def append_only() -> Proofs:
    off, on, same = redis("a", "r1", aof="0"), redis("b", "r2"), redis("a", "r2")
    return {
        "a new container that appends": witness([off], [on], [on]),
    }, {
        "it does not append": witness([off], [redis("b", "r2", aof="0")], [on]),
        "it did already": witness([redis("a", "r1")], [on], [on]),
        "the same container": witness([off], [same], [same]),
        "nobody was there": witness([], [], []),
    }


def power_loss() -> Proofs:
    old, new = redis("a", "r1", volumes=["p_disk-redis"]), redis("b", "r2", volumes=["p_disk-redis.cut"])
    other = redis("b", "r2", volumes=["p_disk-store.cut"])
    same = redis("a", "r2", volumes=["p_disk-redis.cut"])
    return {
        "started on a copy of its disk": witness([old], [new], [new]),
    }, {
        "on the same disk": witness([old], [new], [redis("b", "r2", volumes=["p_disk-redis"])]),
        "on a copy of another's": witness([old], [other], [other]),
        "on no disk": witness(
            [redis("a", volumes=[])], [redis("b", "r2", volumes=[])], [redis("b", "r2", volumes=[])]
        ),
        "the same container": witness([old], [same], [same]),
        "nobody was there": witness([], [new], [new]),
    }


def disk_full() -> Proofs:
    appends, does_not = redis("a", "r1"), redis("a", "r1", aof="0")
    full = {"junk bytes": 9000000, "refuses writes": True}
    return {
        "full, and it refuses": found([appends], [appends], full),
        "full, and it writes nothing": found([does_not], [does_not], {**full, "refuses writes": False}),
    }, {
        "full, and it goes on": found([appends], [appends], {**full, "refuses writes": False}),
        "it refuses without being full": found([appends], [appends], {**full, "junk bytes": 0}),
        "nobody measured": found([appends], [appends], {}),
        "nobody was there": found([], [], {**full, "refuses writes": False}),
    }


PROOFS: Mapping[str, Proofs] = {
    "oom": oom(),
    "wrong-mount": wrong_mount(),
    "replace-keys": keys(retire=True),
    "rotate-keys": keys(retire=False),
    "concurrent-writes": concurrent_writes(),
    "replay-token": replay_token(),
    "redis-evict": evict(),
    "redis-torn-aof": torn(),
    "redis-aof-switch": append_only(),
    "redis-aof-online": append_only(),
    "redis-disk-full": disk_full(),
    "power-loss": power_loss(),
}
