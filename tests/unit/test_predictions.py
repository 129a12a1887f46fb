"""The predictions: what is expected, said before it is measured."""

import tomllib
from itertools import product
from pathlib import Path
from typing import get_args

import pytest

from chaos import predictions
from chaos.faults import FAULTS
from chaos.placements import CONTROL, PAIR, PLACEMENTS
from chaos.predictions import FILE, Prediction, PredictionError
from chaos.verdict import Observed

PAIRS = list(product(FAULTS, PLACEMENTS))
WORDS = {
    "K": "kept",
    "L": "lost",
    "O": "orphaned",
    "S": "split",
    "P": "partly",
    "?": "partly or lost",
    "p": "partly or kept",
    "k": "kept or partly",
    "-": "-",
}
OF_THE_PAIR = {
    "none": "KKK",
    "stop-start": "KKK",
    "restart": "KKK",
    "kill": "KKK",
    "oom": "KKK",
    "remove": "LKK",
    "remove-volumes": "LKK",
    "recreate": "LKK",
    "recreate-renew": "LKK",
    "update": "LKK",
    "commit": "KKK",
    "scale-out": "SKK",
    "scale-in": "PKK",
    "rolling-restart": "KKK",
    "pause": "KKK",
    "partition-gateway": "KKK",
    "wrong-mount": "--K",
    "replace-keys": "KLK",
    "rotate-keys": "KKK",
    "concurrent-writes": "KPK",
    "replay-token": "-P-",
    "redis-stop-start": "--K",
    "redis-kill": "--k",
    "redis-recreate": "--K",
    "redis-volume-lost": "--L",
    "redis-partition": "--K",
    "redis-pause": "--K",
    "redis-evict": "--?",
    "redis-torn-aof": "--P",
    "redis-aof-switch": "---",
    "redis-aof-online": "---",
    "redis-disk-full": "--K",
    "power-loss": "--p",
    "offline": "KSK",
    "offline-recreate": "LKK",
    "offline-redis-kill": "--k",
    "lost-answer": "KKK",
    "down-up": "LKK",
    "down-volumes-up": "LLL",
}
"""What layer, token and redis-everysec keep: the facts, apart from the file that says them to the lab."""

ROWS = """
[recreate]
layer = "lost"
others = "kept"
why = "a new container has a new writable layer"

[redis-kill]
redis-none = "lost"
others = "-"
skip = "no Redis behind it"
why = "the append-only file was written before each reply"

[restart]
layer = "kept"
"""
LAYER = 'layer = "lost"'
OTHERS = 'others = "-"'


def shipped(fault: str, placement: str) -> Prediction:
    return predictions.load([fault], [placement])[fault, placement]


def edited(path: Path, old: str, new: str) -> Path:
    """A file of predictions, with one line of it changed."""
    assert old in ROWS
    path.write_text(ROWS.replace(old, new, 1))
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "predictions.toml"


@pytest.fixture
def rows(file: Path) -> Path:
    file.write_text(ROWS)
    return file


@pytest.mark.parametrize(("fault", "placement"), PAIRS)
def test_shipped_predictions_say_what_could_be_observed_or_that_it_does_not_apply(
    fault: str, placement: str
) -> None:
    assert set(shipped(fault, placement).expected) <= {*get_args(Observed)} - {"unknown"}


@pytest.mark.parametrize(("fault", "placement"), PAIRS)
def test_shipped_predictions_say_why(fault: str, placement: str) -> None:
    assert shipped(fault, placement).why


@pytest.mark.parametrize("fault", FAULTS)
def test_shipped_predictions_of_the_pair_are_the_facts(fault: str) -> None:
    expected = [str(shipped(fault, placement)) for placement in PAIR]
    assert expected == [WORDS[letter] for letter in OF_THE_PAIR[fault]]


@pytest.mark.parametrize("fault", FAULTS)
def test_shipped_predictions_apply_to_some_placement(fault: str) -> None:
    assert any(shipped(fault, placement).expected for placement in PLACEMENTS)


@pytest.mark.parametrize("fault", [f.name for f in FAULTS.values() if f.victim == "store"])
def test_shipped_predictions_apply_only_where_there_is_a_redis_when_the_fault_is_done_to_it(
    fault: str,
) -> None:
    applies = {p.name for p in PLACEMENTS.values() if shipped(fault, p.name).expected}
    assert applies <= {p.name for p in PLACEMENTS.values() if p.store}


def test_shipped_prediction_of_the_control_is_that_it_is_caught() -> None:
    assert shipped("none", CONTROL.name).expected == ("partly",)


def test_shipped_predictions_are_of_faults_that_exist() -> None:
    assert set(tomllib.loads(FILE.read_text())) == set(FAULTS)


def test_predictions_are_one_for_each_pair_asked_for() -> None:
    assert set(predictions.load(FAULTS, PLACEMENTS)) == set(PAIRS)


def test_prediction_is_as_the_file_says(rows: Path) -> None:
    assert predictions.load(["recreate"], ["layer"], rows) == {
        ("recreate", "layer"): Prediction(("lost",), "a new container has a new writable layer")
    }


def test_prediction_is_as_the_file_says_when_it_is_flipped_there(file: Path) -> None:
    flipped = edited(file, LAYER, 'layer = "kept"')
    assert predictions.load(["recreate"], ["layer"], flipped)["recreate", "layer"].expected == ("kept",)


def test_control_is_predicted_only_where_it_is_named(rows: Path) -> None:
    """What is expected of the others is not expected of a store that is broken on purpose."""
    with pytest.raises(PredictionError, match="no usable prediction for control under recreate"):
        predictions.load(["recreate"], [CONTROL.name], rows)


def test_prediction_may_be_a_list_where_chance_decides(file: Path) -> None:
    path = edited(file, LAYER, 'layer = ["partly", "lost"]')
    prediction = predictions.load(["recreate"], ["layer"], path)["recreate", "layer"]
    assert (prediction.expected, str(prediction)) == (("partly", "lost"), "partly or lost")


@pytest.mark.parametrize("placement", [name for name in PLACEMENTS if name != "layer"])
def test_prediction_is_that_of_the_others_when_the_placement_is_not_named(rows: Path, placement: str) -> None:
    assert predictions.load(["recreate"], [placement], rows)["recreate", placement].expected == ("kept",)


def test_prediction_is_the_placements_own_when_the_others_have_one_too(rows: Path) -> None:
    assert predictions.load(["redis-kill"], ["redis-none"], rows)["redis-kill", "redis-none"] == Prediction(
        ("lost",), "the append-only file was written before each reply"
    )


def test_prediction_says_why_the_fault_does_not_apply_when_the_others_have_a_dash(rows: Path) -> None:
    assert predictions.load(["redis-kill"], ["token"], rows)["redis-kill", "token"] == Prediction(
        (), "no Redis behind it"
    )


def test_prediction_says_why_the_fault_does_not_apply_when_the_placement_has_a_dash(file: Path) -> None:
    path = edited(file, LAYER, 'layer = "-"\nskip = "there is none"')
    assert predictions.load(["recreate"], ["layer"], path)["recreate", "layer"] == Prediction(
        (), "there is none"
    )


@pytest.mark.parametrize("skip", ["", 'skip = ""'], ids=["missing", "empty"])
def test_prediction_is_refused_when_it_does_not_say_why_the_fault_does_not_apply(
    file: Path, skip: str
) -> None:
    path = edited(file, 'skip = "no Redis behind it"', skip)
    with pytest.raises(PredictionError, match="no usable prediction for token under redis-kill: '-'"):
        predictions.load(["redis-kill"], ["token"], path)


@pytest.mark.parametrize("name", ["lyer", "stateful", "other", "redis"])
def test_prediction_is_refused_when_its_row_names_a_placement_that_there_is_not(
    file: Path, name: str
) -> None:
    """Or a misspelled name would get what the others get."""
    path = edited(file, LAYER, f'{LAYER}\n{name} = "lost"')
    with pytest.raises(PredictionError, match=f"names no placement under recreate: {name}$"):
        predictions.load(["recreate"], ["layer"], path)


@pytest.mark.parametrize("word", ["lots", "unknown", ""])
def test_prediction_is_refused_when_that_of_the_others_says_nothing_that_could_be_observed(
    file: Path, word: str
) -> None:
    path = edited(file, 'others = "kept"', f'others = "{word}"')
    with pytest.raises(PredictionError, match="no usable prediction for token under recreate"):
        predictions.load(["recreate"], ["token"], path)


def test_prediction_is_refused_when_neither_the_placement_nor_the_others_have_one(rows: Path) -> None:
    with pytest.raises(PredictionError, match="no usable prediction for token under restart: None"):
        predictions.load(["restart"], ["token"], rows)


@pytest.mark.parametrize(
    "row",
    [
        pytest.param('layer = "lots"', id="misspelled"),
        pytest.param('layer = "Lost"', id="in capitals"),
        pytest.param('layer = "unknown"', id="unknown"),
        pytest.param('layer = ""', id="empty"),
        pytest.param("layer = true", id="no text"),
        pytest.param("layer = ['lost', 'lots']", id="misspelled in a list"),
        pytest.param("layer = ['lost', 'unknown']", id="unknown in a list"),
        pytest.param("layer = []", id="an empty list"),
    ],
)
def test_prediction_is_refused_when_it_says_nothing_that_could_be_observed(file: Path, row: str) -> None:
    path = edited(file, LAYER, row)
    with pytest.raises(PredictionError):
        predictions.load(["recreate"], ["layer"], path)


@pytest.mark.parametrize("said", ["predictions.toml", "layer", "recreate", "say what you expect before"])
def test_refused_prediction_says_which_one_and_what_to_do(file: Path, said: str) -> None:
    path = edited(file, LAYER, 'layer = "lots"')
    with pytest.raises(PredictionError, match=said):
        predictions.load(["recreate"], ["layer"], path)


def test_prediction_is_refused_when_the_fault_has_no_row(file: Path) -> None:
    path = edited(file, "[recreate]", "[re-create]")
    with pytest.raises(PredictionError):
        predictions.load(["recreate"], ["layer"], path)


def test_predictions_are_refused_when_one_of_many_is_missing(rows: Path) -> None:
    with pytest.raises(PredictionError):
        predictions.load(["recreate", "kill"], ["layer"], rows)


@pytest.mark.parametrize(
    "text", [pytest.param('x = = "lost"', id="no TOML"), pytest.param('recreate = "lost"', id="no table")]
)
def test_predictions_are_refused_when_the_file_has_another_form(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(PredictionError, match=r"predictions\.toml"):
        predictions.load(["recreate"], ["layer"], file)


def test_predictions_are_refused_when_there_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(PredictionError, match=r"nowhere\.toml"):
        predictions.load(["recreate"], ["layer"], tmp_path / "nowhere.toml")
