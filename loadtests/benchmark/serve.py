"""`python -m loadtests.benchmark.serve MODULE:FUNCTION CORE`: any subject on the server the services use.

Same server, same settings, and one core for all of it: threads and the worker process inherit that.
"""

import os
import sys
from importlib import import_module

from services.session.serve import serve


def main(target: str, core: str) -> None:
    """Serve what the function makes. `HOST`, `PORT` and `THREADS` as for the services."""
    os.sched_setaffinity(0, {int(core)})
    module, _, function = target.partition(":")
    serve(getattr(import_module(module), function), target)


if __name__ == "__main__":
    main(*sys.argv[1:])
