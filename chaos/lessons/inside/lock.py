"""An exclusive flock of a file: `hold FILE SIGN` leaves a file when it has it, and keeps it until killed;
`try FILE` prints `granted` or `refused`.
"""

import fcntl
import signal
import sys
from pathlib import Path

match sys.argv[1:]:
    case ["hold", file, sign]:
        held = Path(file).open("a")  # noqa: SIM115 - closing it would let go of the lock
        fcntl.flock(held, fcntl.LOCK_EX)
        Path(sign).touch()
        signal.pause()
    case ["try", file]:
        with Path(file).open("a") as wanted:
            try:
                fcntl.flock(wanted, fcntl.LOCK_EX | fcntl.LOCK_NB)
                print("granted")
            except BlockingIOError:
                print("refused")
