"""How loads grow and shrink."""

import pytest

from loadtests.shapes import SHAPES, Shape, Stage

PHASES = SHAPES["Phases"]


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_shape_lasts_as_long_as_it_is_told(shape: Shape) -> None:
    assert shape.at(0, 100) is not None
    assert shape.at(99.9, 100) is not None
    assert shape.at(100.1, 100) is None


@pytest.mark.parametrize(
    ("name", "users"),
    [
        ("Steady", [1, 1, 1, 1, 1]),
        ("Ramp", [0.1, 0.3, 0.5, 0.7, 0.9]),
        ("Spike", [0.2, 0.2, 1, 0.2, 0.2]),
        ("Soak", [1, 1, 1, 1, 1]),
        ("Phases", [1, 1, 1, 1, 1]),
    ],
)
def test_shape_has_so_many_of_the_users_at_each_fifth(name: str, users: list[float]) -> None:
    stages = [SHAPES[name].at(elapsed, 50) for elapsed in (1, 11, 24, 31, 41)]
    assert [stage and stage.users for stage in stages] == users


def test_phases_pause_in_between_with_load_before_and_after() -> None:
    paused = [stage.paused for second in range(60) if (stage := PHASES.at(second + 0.5, 60))]
    assert paused == [False] * 18 + [True] * 18 + [False] * 24


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_shape_is_whole(shape: Shape) -> None:
    assert sum(stage.seconds for stage in shape.stages) == pytest.approx(1)
    assert all(isinstance(stage, Stage) and 0 < stage.users <= 1 for stage in shape.stages)
