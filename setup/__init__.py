"""The project's own set-up: `python3 -m setup`. Standard library only: it runs first."""

import sys

# Here, and in syntax that old interpreters can read: everything below this package needs Python 3.11.
if sys.version_info < (3, 11):  # noqa: UP036 - the very check that makes the minimum a clear message
    sys.stderr.write(
        "setup: this is Python %d.%d, the project needs 3.11 or newer: "  # noqa: UP031
        "install one and run `python3.13 -m setup` (or whichever you have)\n" % sys.version_info[:2]
    )
    raise SystemExit(3)
