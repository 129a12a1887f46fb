"""What identities prove each fault, and what other ones do not: literal witnesses.

A letter is a container, a number its process: `a1` and `a2` are two lives of one container.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from chaos.faults.fault import Witness
from chaos.instance import Instance
from tests.unit import proofs_by_figures, proofs_of_devices
from tests.unit.witnesses import instance, redis, witness

Cases = Mapping[str, Witness]
Proofs = tuple[Cases, Cases]
"""Those that prove it, and those that do not."""

Make = Callable[..., Instance]


def nothing(make: Make) -> Proofs:
    a1, a2, b2 = make("a", "b1"), make("a", "b2"), make("b", "b2")
    silent = make("a", None)
    return {
        "the same process all along": witness([a1], [a1], [a1]),
    }, {
        "nobody was there": witness([], [], []),
        "another process": witness([a1], [a1], [a2]),
        "another container": witness([a1], [a1], [b2]),
        "one more": witness([a1], [a1, b2], [a1]),
        "boot id missing": witness([silent], [silent], [silent]),
        "a Redis behind it that said nothing": replace(
            witness([a1], [a1], [a1]), holders_before=(silent,), holders_after=(silent,)
        ),
    }


def stop_start(make: Make) -> Proofs:
    a1, a2, b1, b2 = make("a", "b1"), make("a", "b2"), make("b", "b3"), make("b", "b4")
    a0, b0 = ended(a1, 0), ended(b1, 0)
    return {
        "stopped, then a new process": witness([a1], [a0], [a2]),
        "stopped in spite of itself": witness([a1], [ended(a1, 137)], [a2]),
        "two containers": witness([a1, b1], [a0, b0], [a2, b2]),
    }, {
        "it ran on": witness([a1], [a1], [a1]),
        "running in between": witness([a1], [a2], [a2]),
        "not seen in between": witness([a1], [], [a2]),
        "one of two not seen in between": witness([a1, b1], [a0], [a2, b2]),
        "one of two running in between": witness([a1, b1], [a0, b2], [a2, b2]),
        "another container": witness([a1], [a0], [b2]),
        "not started again": witness([a1], [a0], [a0]),
        "the same process afterwards": witness([a1], [a0], [a1]),
        "nobody was there": witness([], [], []),
    }


def kill(make: Make) -> Proofs:
    a1, a2, b1, b2 = make("a", "b1"), make("a", "b2"), make("b", "b3"), make("b", "b4")
    a0, b0 = ended(a1, 137), ended(b1, 137)
    return {
        "killed, then a new process": witness([a1], [a0], [a2]),
        "two containers": witness([a1, b1], [a0, b0], [a2, b2]),
    }, {
        "it ended by itself": witness([a1], [ended(a1, 0)], [a2]),
        "it ended by SIGTERM": witness([a1], [ended(a1, 143)], [a2]),
        "it ran on": witness([a1], [a1], [a1]),
        "running in between": witness([a1], [a2], [a2]),
        "running again, after a kill before": witness([a1], [replace(a2, exit_code=137)], [a2]),
        "not seen in between": witness([a1], [], [a2]),
        "one of two not seen in between": witness([a1, b1], [a0], [a2, b2]),
        "another container": witness([a1], [a0], [b2]),
        "not started again": witness([a1], [a0], [a0]),
        "only one of two": witness([a1, b1], [a0, b1], [a2, b1]),
        "nobody was there": witness([], [], []),
    }


def restart(make: Make) -> Proofs:
    a1, a2, b1, b2 = make("a", "b1"), make("a", "b2"), make("b", "b3"), make("b", "b4")
    silent = make("a", None, started="at b2")
    return {
        "the same container, a new process": witness([a1], [a2], [a2]),
        "not yet answering in between": witness([a1], [silent], [a2]),
        "two containers": witness([a1, b1], [a2, b2], [a2, b2]),
    }, {
        "the same process": witness([a1], [a1], [a1]),
        "another container": witness([a1], [b2], [b2]),
        "nobody was there": witness([], [], []),
        "it did not come back": witness([a1], [a2], []),
        "boot id missing afterwards": witness([a1], [silent], [silent]),
        "new by its own word only": witness([a1], [a1], [make("a", "b2", started="at b1")]),
        "new by the engine's word only": witness([a1], [a1], [make("a", "b1", started="at b2")]),
        "only one of two": witness([a1, b1], [a2, b1], [a2, b1]),
    }


def replacement(make: Make) -> Proofs:
    a1, a2, b2 = make("a", "b1"), make("a", "b2"), make("b", "b2")
    c1, d2 = make("c", "b3"), make("d", "b4")
    return {
        "a new container": witness([a1], [b2], [b2]),
        "two new containers": witness([a1, c1], [b2, d2], [b2, d2]),
    }, {
        "the same container": witness([a1], [a2], [a2]),
        "one of two is the same": witness([a1, c1], [a1, b2], [a1, b2]),
        "nobody was there": witness([], [b2], [b2]),
        "it did not come back": witness([a1], [], []),
        "one of two did not come back": witness([a1, c1], [b2], [b2]),
        "the new one has ended": witness([a1], [b2], [ended(b2, 1)]),
    }


def with_holders(proofs: Proofs) -> Proofs:
    """And with a Redis behind the service, which has to be another one too."""
    proves, does_not = proofs
    front = witness([instance("a", "b1")], [instance("b", "b2")], [instance("b", "b2")])
    r1, r2 = redis("c", "r1"), redis("d", "r2")
    return {
        **proves,
        "a new Redis behind it": replace(front, holders_before=(r1,), holders_after=(r2,)),
    }, {
        **does_not,
        "the same Redis behind it": replace(front, holders_before=(r1,), holders_after=(r1,)),
        "no Redis behind it any more": replace(front, holders_before=(r1,), holders_after=()),
    }


def new_volume(make: Make) -> Proofs:
    proves, does_not = replacement(make)
    old, same = make("a", "b1", made="a"), make("b", "b2", made="a")
    return proves, {**does_not, "the volume is the same": witness([old], [same], [same])}


def new_image(make: Make) -> Proofs:
    a1, b2 = make("a", "b1"), make("b", "b2", image="sha256:2")
    c1, d1, d2 = make("c", "b3"), make("d", "b4"), make("d", "b4", image="sha256:2")
    return {
        "a new container of another image": witness([a1], [b2], [b2]),
        "two of another image": witness([a1, c1], [b2, d2], [b2, d2]),
    }, {
        **replacement(make)[0],
        "one of two of the same image": witness([a1, c1], [b2, d1], [b2, d1]),
        "another image in the same container": witness([a1], [a1], [replace(a1, image="sha256:2")]),
        "it did not come back": witness([a1], [], []),
        "nobody was there": witness([], [b2], [b2]),
    }


def pause(make: Make) -> Proofs:
    a1, a2, b1 = make("a", "b1"), make("a", "b2"), make("b", "b3")
    frozen, other = (replace(i, status="paused", where={}) for i in (a1, b1))
    return {
        "frozen, then the same process": witness([a1], [frozen], [a1]),
        "two containers": witness([a1, b1], [frozen, other], [a1, b1]),
    }, {
        "it ran on": witness([a1], [a1], [a1]),
        "stopped in between": witness([a1], [ended(a1, 0)], [a1]),
        "not seen in between": witness([a1], [], [a1]),
        "one of two not seen in between": witness([a1, b1], [frozen], [a1, b1]),
        "one of two ran on": witness([a1, b1], [frozen, b1], [a1, b1]),
        "another process afterwards": witness([a1], [frozen], [a2]),
        "another container afterwards": witness([a1], [frozen], [b1]),
        "boot id missing afterwards": witness([a1], [frozen], [replace(a1, where={})]),
        "nobody was there": witness([], [], []),
    }


def partition(network: str, make: Make) -> Proofs:
    a1, a2, b1 = (make(*who, networks=("front", "back")) for who in (("a", "b1"), ("a", "b2"), ("b", "b3")))
    rest = {"front", "back"} - {network}
    cut, other = (replace(i, networks=tuple(rest)) for i in (a1, b1))
    return {
        "cut off, then the same process": witness([a1], [cut], [a1]),
        "cut off and silent": witness([a1], [replace(cut, where={})], [a1]),
        "on no network at all": witness([a1], [replace(a1, networks=())], [a1]),
        "two containers": witness([a1, b1], [cut, other], [a1, b1]),
    }, {
        "it stayed on the network": witness([a1], [a1], [a1]),
        "cut off another network": witness([a1], [replace(a1, networks=(network,))], [a1]),
        "never on the network": witness([cut], [cut], [cut]),
        "not on the network again": witness([a1], [cut], [cut]),
        "not seen in between": witness([a1], [], [a1]),
        "one of two not seen in between": witness([a1, b1], [cut], [a1, b1]),
        "one of two stayed": witness([a1, b1], [cut, b1], [a1, b1]),
        "another process afterwards": witness([a1], [cut], [a2]),
        "another container afterwards": witness([a1], [cut], [b1]),
        "boot id missing afterwards": witness([a1], [cut], [replace(a1, where={})]),
        "nobody was there": witness([], [], []),
    }


def scale_out(make: Make) -> Proofs:
    a1, b1, c1 = three = [make("a", "b1"), make("b", "b2"), make("c", "b3")]
    return {
        "three, the first among them": witness([a1], three, three),
    }, {
        "still one": witness([a1], [a1], [a1]),
        "two only": witness([a1], [a1, b1], [a1, b1]),
        "four": witness([a1], [*three, make("d", "b4")], three),
        "three others": witness([make("d", "b4")], three, three),
        "three already before": witness(three, three, three),
        "one of three has ended": witness([a1], [a1, b1, ended(c1, 1)], three),
        "nobody was there": witness([], three, three),
    }


def scale_in(make: Make) -> Proofs:
    a1, b1, _ = three = [make("a", "b1"), make("b", "b2"), make("c", "b3")]
    return {
        "one of the three is left": witness(three, [a1], [a1]),
        "the two others still stopping": witness(three, three, [a1]),
    }, {
        "still three": witness(three, three, three),
        "two are left": witness(three, [a1, b1], [a1, b1]),
        "none is left": witness(three, [], []),
        "the last one has ended": witness(three, [a1], [ended(a1, 137)]),
        "another one instead": witness(three, [], [make("d", "b4")]),
        "two only before": witness([a1, b1], [a1], [a1]),
        "one only before": witness([a1], [a1], [a1]),
        "nobody was there": witness([], [], []),
    }


def ended(one: Instance, code: int) -> Instance:
    """The container without its process; it does not answer any more."""
    return replace(one, status="exited", exit_code=code, where={})


PROOFS: Mapping[str, Proofs] = {
    "none": nothing(instance),
    "stop-start": stop_start(instance),
    "restart": restart(instance),
    "kill": kill(instance),
    "remove": replacement(instance),
    "remove-volumes": replacement(instance),
    "recreate": replacement(instance),
    "recreate-renew": replacement(instance),
    "update": new_image(instance),
    "commit": new_image(instance),
    "scale-out": scale_out(instance),
    "scale-in": scale_in(instance),
    "rolling-restart": restart(instance),
    "pause": pause(instance),
    "partition-gateway": partition("front", instance),
    "redis-stop-start": stop_start(redis),
    "redis-kill": kill(redis),
    "redis-recreate": replacement(redis),
    "redis-volume-lost": new_volume(redis),
    "redis-partition": partition("back", redis),
    "redis-pause": pause(redis),
    **proofs_by_figures.PROOFS,
    **proofs_of_devices.PROOFS,
    "down-up": with_holders(replacement(instance)),
    "down-volumes-up": new_volume(partial(instance, volumes=["state"])),
}
