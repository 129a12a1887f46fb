"""Makes stand-ins for the official images out of Debian packages, where no registry can be reached."""

import os
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from setup import apt, archive
from setup.command import SetupFailed, run
from setup.recipes import RECIPES, Recipe

RELEASE = "trixie"  # the one with Python 3.13, Redis 8.0, HAProxy 3.0
PACKAGES = ("mmdebstrap", "debian-archive-keyring")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
LEFT_OUT = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*")
SCRATCH = "/var/tmp"  # noqa: S108 - not /tmp: that is often in memory, and often forbids device nodes


def make(names: Sequence[str]) -> None:
    """Makes these images (keys of RECIPES) in the engine, in parallel. Raises SetupFailed."""
    apt.install(PACKAGES)
    options = common_options()
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        list(pool.map(lambda name: make_one(name, options), names))


def make_one(name: str, options: Sequence[str]) -> None:
    """Makes one image: its root as a tar file, that as an archive, that into the engine."""
    recipe = RECIPES[name]
    with tempfile.TemporaryDirectory(dir=SCRATCH, prefix="sessionlab-") as folder:
        root, image = Path(folder, "root.tar"), Path(folder, "image.tar")
        bootstrap(name, recipe, root, options)
        archive.pack(root, image, name=name, architecture=architecture(), config=settings(recipe))
        loaded = run(["docker", "load", "--quiet", "--input", str(image)], seconds=300)
    if not loaded.ok:
        raise SetupFailed(
            f"docker load of {name} failed ({loaded.reason}): "
            "see whether the engine's disk is full, then run this again"
        )


def bootstrap(name: str, recipe: Recipe, root: Path, options: Sequence[str]) -> None:
    """Writes the image's root file system to the tar file `root`."""
    address = apt.mirror()
    sources = (
        [f"deb {address} {RELEASE} main"] if address else []
    )  # none: mmdebstrap has a default of its own
    hooks = [f"--customize-hook={line}" for line in recipe.hooks]
    include = f"--include={','.join(recipe.packages)}"
    # TMPDIR is not our temporary folder: mmdebstrap mounts things there and alone knows when to remove it.
    built = run(
        ["mmdebstrap", *options, include, *hooks, RELEASE, str(root), *sources],
        seconds=900,
        extra={"TMPDIR": SCRATCH},
    )
    if not built.ok:
        raise SetupFailed(
            f"mmdebstrap could not make {name} ({built.reason}): "
            "check that `apt-get update` works, then run this again"
        )


def settings(recipe: Recipe) -> dict[str, object]:
    """The image's OCI `config` object: the recipe's own, and what all have in common."""
    own = recipe.config.get("Env", [])
    environment = [PATH, *own] if isinstance(own, list) else [PATH]
    return {**recipe.config, "Env": environment, "Labels": {"sessionlab": "base"}}


def architecture() -> str:
    return run(["dpkg", "--print-architecture"], seconds=10).out


def common_options() -> list[str]:
    """mmdebstrap options for every image: small, quick, and on the network as the host's own apt is."""
    return [
        "--variant=apt",
        "--components=main",
        f"--keyring={KEYRING}",
        "--dpkgopt=force-unsafe-io",
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in LEFT_OUT),
        *(f"--aptopt={line}" for line in ('Acquire::Languages "none";', *apt.network_options())),
        '--customize-hook=rm -f "$1/etc/apt/apt.conf.d/99mmdebstrap" "$1/etc/dpkg/dpkg.cfg.d/99mmdebstrap"',
        '--customize-hook=rm -rf "$1"/var/log/* "$1"/var/cache/debconf/*-old',
    ]
