"""Turns a root file system into an image archive for `docker load`.

`docker import` would be shorter, but it cannot set a stop signal.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

ARCHITECTURES = {"armhf": "arm", "i386": "386", "ppc64el": "ppc64le", "mips64el": "mips64le"}


def pack(layer: Path, archive: Path, *, name: str, architecture: str, config: Mapping[str, object]) -> None:
    """Writes `archive`: one image `name` with the tar file `layer` as its only layer.

    `architecture` is Debian's word for it; `config` is the `config` object of an OCI image configuration.
    """
    with layer.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    now = datetime.now(UTC).isoformat()
    image = {
        "architecture": ARCHITECTURES.get(architecture, architecture),
        "os": "linux",
        "created": now,
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        "history": [{"created": now, "created_by": "sessionlab setup: mmdebstrap"}],
    }
    manifest = [{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]
    with tarfile.open(archive, "w") as tar:
        tar.add(layer, "layer.tar")
        add(tar, "config.json", image)
        add(tar, "manifest.json", manifest)


def add(tar: tarfile.TarFile, name: str, content: object) -> None:
    """Adds `content` as a JSON file."""
    data = json.dumps(content).encode()
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    tar.addfile(entry, io.BytesIO(data))
