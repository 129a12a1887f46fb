"""`python -m loadtests.benchmark.serve MODULE:FUNCTION CORE`: any subject, on the server the services use.

Same server, same settings, and one core for all of it: threads and the worker process inherit that.
"""

import os
import sys
from importlib import import_module

from granian import Granian
from granian.constants import Interfaces

from services.session.serve import serve

OURS = "services."


def main(target: str, core: str) -> None:
    """Serve what the function makes, on `HOST` and `PORT`, with so many `THREADS`."""
    os.sched_setaffinity(0, {int(core)})
    module, _, function = target.partition(":")
    if module.startswith(OURS):
        serve(getattr(import_module(module), function), target)
    else:
        _serve_peer(target)


def _serve_peer(target: str) -> None:
    """With the settings of `serve`, and nothing of what else it does for the services."""
    Granian(
        target,
        address=os.environ["HOST"],
        port=int(os.environ["PORT"]),
        interface=Interfaces.WSGI,
        factory=True,
        workers=1,
        blocking_threads=int(os.environ["THREADS"]),
        log_access=False,
    ).serve()


if __name__ == "__main__":
    main(*sys.argv[1:])
