"""Which images will do for a base, and how one is packed for the engine."""

import hashlib
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from setup import archive
from setup.debian import settings
from setup.images import BASES, Base
from setup.recipes import RECIPES

BASE = Base("SETUP_TEST_IMAGE", "official:1", "sessionlab/own:1")


@pytest.mark.parametrize(
    ("named", "names"),
    [
        ({}, ("official:1", "sessionlab/own:1")),
        ({"SETUP_TEST_IMAGE": ""}, ("official:1", "sessionlab/own:1")),
        ({"SETUP_TEST_IMAGE": "sessionlab/own:1"}, ("sessionlab/own:1", "official:1")),
        ({"SETUP_TEST_IMAGE": "chosen:9"}, ("chosen:9",)),
    ],
)
def test_base_accepts_a_substitute_unless_a_person_chose_the_image(
    named: dict[str, str], names: tuple[str, ...]
) -> None:
    assert BASE.acceptable(named) == names


def test_base_accepts_only_the_environments_image_when_that_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SETUP_TEST_IMAGE", "official:1")
    assert BASE.acceptable({"SETUP_TEST_IMAGE": "other:1"}) == ("official:1",)


def test_every_base_has_a_recipe() -> None:
    assert {base.homemade for base in BASES} == set(RECIPES)


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_has_the_projects_label(name: str) -> None:
    assert settings(RECIPES[name])["Labels"] == {"sessionlab": "base"}


def test_settings_keep_the_recipes_own_environment() -> None:
    environment = settings(RECIPES["sessionlab/python:3.13-debian"])["Env"]
    assert isinstance(environment, list)
    assert [entry.split("=")[0] for entry in environment] == ["PATH", "SSL_CERT_FILE", "PIP_CERT"]


@pytest.fixture
def packed(tmp_path: Path) -> dict[str, bytes]:
    """The files of an archive with the layer `layer bytes`."""
    layer, image = tmp_path / "root.tar", tmp_path / "image.tar"
    layer.write_bytes(b"layer bytes")
    archive.pack(layer, image, name="own:1", architecture="armhf", config={"StopSignal": "SIGUSR1"})
    with tarfile.open(image) as tar:
        return {name: stream.read() for name in tar.getnames() if (stream := tar.extractfile(name))}


def config_of(packed: dict[str, bytes]) -> Any:
    return json.loads(packed["config.json"])


def test_archive_lists_its_files_under_the_images_name(packed: dict[str, bytes]) -> None:
    (entry,) = json.loads(packed["manifest.json"])
    assert entry == {"Config": "config.json", "RepoTags": ["own:1"], "Layers": ["layer.tar"]}


def test_archive_identifies_its_layer_by_digest(packed: dict[str, bytes]) -> None:
    digest = hashlib.sha256(packed["layer.tar"]).hexdigest()
    assert config_of(packed)["rootfs"]["diff_ids"] == [f"sha256:{digest}"]


def test_archive_names_the_architecture_as_docker_does(packed: dict[str, bytes]) -> None:
    assert config_of(packed)["architecture"] == "arm"


def test_archive_carries_the_stop_signal(packed: dict[str, bytes]) -> None:
    assert config_of(packed)["config"]["StopSignal"] == "SIGUSR1"
