"""What only the browser tests need: a Chromium. Where none can be installed they are skipped."""

import shutil
from pathlib import Path

from setup import apt
from setup.line import working

PACKAGE = "chromium"
COMMANDS = (PACKAGE, "chromium-browser", "google-chrome")


def ensure(_root: Path) -> str:
    """Makes one present where we may; returns which, or what is missing."""
    if not find() and apt.usable():
        with working("browser", f"installing {PACKAGE}"):
            apt.install([PACKAGE])
    return find() or f"no Chromium (the browser tests are skipped: `sudo apt-get install {PACKAGE}`)"


def find() -> str | None:
    """The path of the first Chromium there is."""
    return next(filter(None, map(shutil.which, COMMANDS)), None)
