"""The lab's command line, without an engine."""

import os
import subprocess
import sys

from tests.contract.running import ROOT

NO_ENGINE = {"DOCKER_HOST": "unix:///nonexistent"}


def chaos(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "chaos", *arguments],
        cwd=ROOT,
        env={**os.environ, **NO_ENGINE, **environment},
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
