"""The checkout's `.env` file, from which Compose reads its variables."""

import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

ASSIGNMENT = re.compile(r"\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*")


def read(file: Path) -> dict[str, str]:
    """Names and values; where a name is there twice the last, as in Compose. Empty without a file."""
    return dict(pair for line in lines_of(file) if (pair := assignment(line)))


def write(file: Path, values: Mapping[str, str]) -> None:
    """Sets these names, keeping every other line; readers see the old file or the new one, never a part."""
    text = "".join(f"{line}\n" for line in merged(lines_of(file), values))
    target = file.resolve()
    mode = target.stat().st_mode & 0o777 if target.exists() else 0o644
    handle, fresh = tempfile.mkstemp(dir=target.parent, prefix=".env.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(fresh).chmod(mode)
        Path(fresh).replace(target)
    finally:
        Path(fresh).unlink(missing_ok=True)


def merged(lines: list[str], values: Mapping[str, str]) -> list[str]:
    """The lines with these names set: in place where they were, at the end where they were not."""
    kept: list[str] = []
    left = dict(values)
    for line in lines:
        name = pair[0] if (pair := assignment(line)) else None
        if name not in values:
            kept.append(line)
        elif name in left:
            kept.append(f"{name}={left.pop(name)}")
    return kept + [f"{name}={value}" for name, value in left.items()]


def assignment(line: str) -> tuple[str, str] | None:
    """Name and value of one line, without quotes and trailing comment; None of a comment or anything else."""
    match = ASSIGNMENT.fullmatch(line)
    if not match:
        return None
    name, value = match.groups()
    if quoted := re.fullmatch(r"""(["'])(.*?)\1(?:\s+#.*)?""", value):
        return name, quoted[2]
    return name, re.sub(r"(^|\s+)#.*", "", value)


def lines_of(file: Path) -> list[str]:
    try:
        return file.read_text("utf-8").splitlines()
    except FileNotFoundError:
        return []
