"""`python3 -m setup [STEP ...]`: makes everything the project needs, in order; quick when it is all there."""

import argparse
import sys
from pathlib import Path

from setup import bench, browser, compose, engine, images, python
from setup.command import SetupFailed
from setup.line import say
from setup.lock import alone

ROOT = Path(__file__).resolve().parent.parent
STEPS = {
    "python": python.ensure,
    "engine": engine.ensure,
    "compose": compose.ensure,
    "images": images.ensure,
    "browser": browser.ensure,
    "bench": bench.ensure,
}
ON_DEMAND = {"browser", "bench"}
FAILED, INTERRUPTED = 3, 130


def main() -> int:
    """Runs the chosen steps; 0, or 3 after one line on stderr that says what failed and what to do next."""
    chosen = choose()
    step, found = "setup", []
    try:
        with alone(ROOT):
            for step in chosen:
                found.append(STEPS[step](ROOT))
    except (SetupFailed, OSError) as failure:
        print(f"setup: {step}: {' '.join(str(failure).split())}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print(f"setup: {step}: interrupted: run this again to finish", file=sys.stderr)
        return INTERRUPTED
    say("setup", "; ".join(found))
    return 0


def choose() -> list[str]:
    """The steps named on the command line, in their own order; all but those on demand where none is."""
    parser = argparse.ArgumentParser(prog="python3 -m setup", description=__doc__, epilog=EXPLANATION)
    parser.add_argument("steps", nargs="*", metavar="STEP", help=f"only these of: {', '.join(STEPS)}")
    named = parser.parse_args().steps
    if unknown := sorted(set(named) - set(STEPS)):
        parser.error(f"no step {', '.join(unknown)}: choose from {', '.join(STEPS)}")
    return [step for step in STEPS if step in (named or STEPS.keys() - ON_DEMAND)]


EXPLANATION = (
    "python: .venv from requirements-dev.txt. engine: a Docker engine that answers. "
    "compose: its Compose plugin. "
    "images: the base images, official, or made from Debian packages and named in .env. "
    "Only when named: browser, the Chromium of the browser tests; "
    "bench, what `make bench` races the services against, and the load generator wrk."
)

if __name__ == "__main__":
    raise SystemExit(main())
