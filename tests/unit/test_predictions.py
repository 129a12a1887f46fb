"""The predictions: what is expected, said before it is measured."""

from itertools import product
from pathlib import Path
from typing import get_args

import pytest

from chaos import predictions
from chaos.faults import FAULTS
from chaos.placements import PLACEMENTS
from chaos.predictions import FILE, Prediction, PredictionError
from chaos.verdict import Observed

PAIRS = list(product(FAULTS, PLACEMENTS))


def edited(path: Path, old: str, new: str) -> Path:
    """A copy of the shipped file, with one line of it changed."""
    shipped = FILE.read_text()
    assert old in shipped
    path.write_text(shipped.replace(old, new, 1))
    return path


@pytest.mark.parametrize(("fault", "placement"), PAIRS)
def test_shipped_predictions_say_what_could_be_observed(fault: str, placement: str) -> None:
    expected = predictions.load([fault], [placement])[fault, placement].expected
    assert expected in set(get_args(Observed)) - {"unknown"}


@pytest.mark.parametrize("fault", FAULTS)
def test_shipped_predictions_say_why(fault: str) -> None:
    (prediction,) = predictions.load([fault], ["layer"]).values()
    assert prediction.why


def test_predictions_are_one_for_each_pair_asked_for() -> None:
    assert set(predictions.load(FAULTS, PLACEMENTS)) == set(PAIRS)


def test_prediction_is_as_the_file_says_when_it_is_flipped_there(tmp_path: Path) -> None:
    flipped = edited(tmp_path / "predictions.toml", 'layer = "lost"', 'layer = "kept"')
    why = "a new container has a new writable layer; the old one is deleted with its container"
    assert predictions.load(["recreate"], ["layer"], flipped) == {
        ("recreate", "layer"): Prediction("kept", why)
    }


@pytest.mark.parametrize(
    "row",
    [
        pytest.param("", id="missing"),
        pytest.param('layer = "lots"', id="misspelled"),
        pytest.param('layer = "Lost"', id="in capitals"),
        pytest.param('layer = "unknown"', id="unknown"),
        pytest.param('layer = ""', id="empty"),
        pytest.param("layer = true", id="no text"),
        pytest.param('lyer = "lost"', id="placement misspelled"),
    ],
)
def test_prediction_is_refused_when_it_says_nothing_that_could_be_observed(tmp_path: Path, row: str) -> None:
    path = edited(tmp_path / "predictions.toml", 'layer = "lost"', row)
    with pytest.raises(PredictionError):
        predictions.load(["recreate"], ["layer"], path)


@pytest.mark.parametrize("said", ["predictions.toml", "layer", "recreate", "say what you expect before"])
def test_refused_prediction_says_which_one_and_what_to_do(tmp_path: Path, said: str) -> None:
    path = edited(tmp_path / "predictions.toml", 'layer = "lost"', "")
    with pytest.raises(PredictionError, match=said):
        predictions.load(["recreate"], ["layer"], path)


def test_prediction_is_refused_when_the_fault_has_no_row(tmp_path: Path) -> None:
    path = edited(tmp_path / "predictions.toml", "[recreate]", "[re-create]")
    with pytest.raises(PredictionError):
        predictions.load(["recreate"], ["layer"], path)


def test_predictions_are_refused_when_one_of_many_is_missing(tmp_path: Path) -> None:
    path = edited(tmp_path / "predictions.toml", 'layer = "lost"', "")
    with pytest.raises(PredictionError):
        predictions.load(FAULTS, PLACEMENTS, path)


@pytest.mark.parametrize(
    "text", [pytest.param('x = = "lost"', id="no TOML"), pytest.param('recreate = "lost"', id="no table")]
)
def test_predictions_are_refused_when_the_file_has_another_form(tmp_path: Path, text: str) -> None:
    path = tmp_path / "predictions.toml"
    path.write_text(text)
    with pytest.raises(PredictionError, match=r"predictions\.toml"):
        predictions.load(["recreate"], ["layer"], path)


def test_predictions_are_refused_when_there_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(PredictionError, match=r"nowhere\.toml"):
        predictions.load(["recreate"], ["layer"], tmp_path / "nowhere.toml")
