"""Processes that are nobody's children any more."""

from pathlib import Path


def gone(pid: int) -> bool:
    """Whether it has ended, waited for or not."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return after_name.split()[0] == "Z"
