"""The proof that a fault happened, as rows: who was there before, during and after it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

COLUMNS = ("container", "process", "started (UTC)", "status", "image", "state lives in", "mounts")


@dataclass(frozen=True)
class Row:
    """`values` as in `COLUMNS`, each with whether it is new: no earlier moment of the same ones had it."""

    moment: str
    values: tuple[tuple[str, bool], ...]


def rows(proof: Mapping[str, Any]) -> list[Row]:
    """One for each instance at each moment. What is no list of instances becomes a row of its own."""
    found: list[Row] = []
    for moment, instances in proof.items():
        earlier = [row for row in found if _whose(row.moment) == _whose(moment)]
        found += list(_moment(moment, instances, earlier))
    return found


def _whose(moment: str) -> str:
    """`holders_after` tells of those that hold the state, `after` of the fault's victims."""
    return moment.rpartition("_")[0]


def _moment(moment: str, instances: Any, earlier: Sequence[Row]) -> Iterator[Row]:
    listed = instances if isinstance(instances, list) else [instances]
    for instance in listed or ["nobody was there"]:
        if _is_instance(instance):
            yield Row(moment, tuple((v, _is_new(n, v, earlier)) for n, v in enumerate(_values(instance))))
        else:
            yield Row(moment, ((_found(instance), False),))


def _is_instance(found: Any) -> bool:
    return isinstance(found, Mapping) and "container" in found


def _found(figures: Any) -> str:
    """What a fault measured, by name."""
    if isinstance(figures, Mapping):
        return "; ".join(f"{name}: {_text(value)}" for name, value in figures.items())
    return _text(figures)


def _is_new(column: int, value: str, earlier: Sequence[Row]) -> bool:
    seen = {row.values[column][0] for row in earlier if column < len(row.values)}
    return bool(seen and value) and value not in seen


def _values(instance: Mapping[str, Any]) -> tuple[str, ...]:
    state = instance.get("state")
    return (
        _short(instance.get("container")),
        _short(instance.get("boot")),
        _time(instance.get("started_at")),
        _status(instance),
        _short(instance.get("image")),
        _state(state) if isinstance(state, Mapping) else _text(state),
        "; ".join(map(_text, mounts))
        if isinstance(mounts := instance.get("mounts"), list)
        else _text(mounts),
    )


def _status(instance: Mapping[str, Any]) -> str:
    status = _text(instance.get("status"))
    if status in {"", "running"}:
        return status
    of_memory = ", out of memory" if instance.get("oom_killed") is True else ""
    return f"{status}, exit code {instance.get('exit_code')}{of_memory}"


def _state(state: Mapping[str, Any]) -> str:
    where = [_text(state[name]) for name in ("kind", "path", "source") if state.get(name)]
    ends = f"; dies with {_text(state['dies_with'])}" if state.get("dies_with") else ""
    return " ".join(where) + ends


def _short(value: Any) -> str:
    """An id as Docker shortens it; words stay whole."""
    text = _text(value).removeprefix("sha256:")
    return text[:12] if len(text) >= 40 and " " not in text else text


def _time(value: Any) -> str:
    """The time of day, to the millisecond."""
    day, _, clock = _text(value).partition("T")
    return clock.rstrip("Z")[:12] if clock else day


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
