"""Many changed files -> a few lines. Pure."""

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from chaos.where.found import Change, Mounted

_LINES = 4
_BESIDE = ("-wal", "-shm", "-journal")


def folded(changes: Sequence[Change], mounts: Iterable[Mounted] = (), lines: int = _LINES) -> list[str]:
    """The changed files in at most so many lines.

    Left out are directories that something in them changed, and the empty files and directories that
    the engine makes to mount something on.
    """
    above = {str(parent) for change in changes for parent in PurePosixPath(change.path).parents}
    points = {mount.point for mount in mounts}
    own = [change for change in changes if change.path not in above | points]
    shown = _together(own)
    if len(shown) > lines:
        shown = _by_folder(own)
    if len(shown) > lines:
        shown = [*shown[: lines - 1], f"and in {len(shown) - lines + 1} more directories"]
    return shown


def _together(changes: Sequence[Change]) -> list[str]:
    """A database and the files beside it in one line."""
    had = {(change.how, change.path) for change in changes}
    lines = []
    for how, path in sorted(had, key=lambda one: one[1]):
        if not any(path.endswith(end) and (how, path.removesuffix(end)) in had for end in _BESIDE):
            lines.append(" ".join((how, path, *(end for end in _BESIDE if (how, path + end) in had))))
    return lines


def _by_folder(changes: Sequence[Change]) -> list[str]:
    folders = [(change.how, str(PurePosixPath(change.path).parent)) for change in changes]
    counted = {key: folders.count(key) for key in sorted(set(folders), key=lambda key: key[1])}
    return [
        f"{how} {folder.rstrip('/')}/ ({count} file{'s' if count > 1 else ''})"
        for (how, folder), count in counted.items()
    ]
