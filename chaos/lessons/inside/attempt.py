"""Try to write a file, or to rename one onto another: `done`, or the error's name.

Arguments: `write PATH`, or `rename FROM TO`.
"""

import errno
import sys
from pathlib import Path

try:
    match sys.argv[1:]:
        case ["write", path]:
            Path(path).write_text("from the container\n")
        case ["rename", source, target]:
            Path(source).rename(target)
    print("done")
except OSError as error:
    print(errno.errorcode[error.errno or 0])
