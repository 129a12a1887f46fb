"""What was found -> what is shown: one picture of an instance's layers after the other. Pure."""

from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.filesize import decimal
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from chaos.where.folding import folded
from chaos.where.found import Fate, Found, Mounted, Picture, State
from services.session.placement import DIES_WITH

_HOLDS = "bold magenta"
_FATES: Mapping[Fate, tuple[str, str]] = {
    "kept": ("kept when", "green"),
    "partly": ("partly lost when", "yellow"),
    "orphaned": ("orphaned when", "blue"),
    "lost": ("lost when", "red"),
}


def draw(found: Found) -> RenderableType:
    """Every instance, from what hides the others down to the image; the holder of the state is marked."""
    parts: list[RenderableType] = []
    for number, picture in enumerate(found.pictures):
        parts += [
            _title(picture),
            _layers(picture, heading=number == 0),
            *(Padding(line, (0, 0, 0, 3)) for line in _words(picture)),
            Text(),
        ]
    if found.left_out:
        parts.append(Text(f"not up, so left out: {', '.join(found.left_out)}", style="dim"))
    return Group(*parts, _summary(found))


def nothing(found: Found) -> str:
    """The line for a project of which nothing is up."""
    there = f" ({', '.join(found.left_out)})" if found.left_out else ""
    return f"no instance of project {found.project} is up{there}: start the pair by `docker compose up -d`"


def _bytes(size: int) -> str:
    return f"{size} B" if size < 1000 else decimal(size)


def _title(picture: Picture) -> Text:
    return Text.assemble((picture.name, "bold"), f"  service {picture.service}, container {picture.id[:12]}")


def _layers(picture: Picture, *, heading: bool) -> Table:
    table = Table(box=None, pad_edge=False, expand=True, show_header=heading, header_style="dim")
    table.add_column("", width=1)
    table.add_column("layer", width=14)
    table.add_column("at", width=15, overflow="fold")
    table.add_column("what", ratio=1, overflow="fold")
    table.add_column("dies with", width=22)
    state = picture.state
    if state.kind and not state.mount:
        _add(table, holds=True, row=_outside(state))
    for mount in (*picture.mounts[1:], *picture.mounts[:1]):
        _add(table, holds=mount.point == state.mount, row=_mount(mount, picture))
    _add(table, holds=False, row=_image(picture))
    return table


def _add(table: Table, *, holds: bool, row: tuple[str, str, str, str]) -> None:
    table.add_row("▶" if holds else "", *row, style=_HOLDS if holds else "")


def _outside(state: State) -> tuple[str, str, str, str]:
    """The row of a state that is on none of the container's mounts."""
    kind = state.kind or "client"
    match kind:
        case "client":
            by = f" by {state.path[:12]}..." if state.path else ""
            return "client", "", f"sealed in the client's cookie{by}; nothing of it is here", DIES_WITH[kind]
        case "redis":
            return "redis", state.container or "?", f"{state.path}; nothing of it is here", DIES_WITH[kind]
    return "process memory", "", "in no file", DIES_WITH[kind]


def _mount(mount: Mounted, picture: Picture) -> tuple[str, str, str, str]:
    if mount.kind == "writable-layer":
        return "writable layer", mount.point, "\n".join(_writable(mount, picture)), DIES_WITH[mount.kind]
    dies_with = "what it is made of" if mount.alias and mount.kind == "volume" else DIES_WITH[mount.kind]
    return mount.kind, mount.point, "\n".join(_mounted(mount)), dies_with


def _writable(mount: Mounted, picture: Picture) -> list[str]:
    size = "size unknown" if picture.writable is None else _bytes(picture.writable)
    first = ", ".join((size, mount.filesystem, *(["read-only"] if mount.read_only else [])))
    return [first, *folded(picture.changes, picture.mounts)]


def _mounted(mount: Mounted) -> list[str]:
    name = f"{mount.name[:12]}... (anonymous)" if mount.anonymous else mount.name
    device = mount.origin if mount.origin not in {mount.name, mount.filesystem} else ""
    words = (name, device, mount.filesystem, "read-only" if mount.read_only else "")
    lines = [", ".join(word for word in words if word)]
    if not mount.engine:
        lines.append("not mounted by the engine")
    if mount.others:
        lines.append(f"also mounted by {', '.join(mount.others)}")
    return lines


def _image(picture: Picture) -> tuple[str, str, str, str]:
    if not (image := picture.image):
        return "image", "", "the engine does not know it any more", "the image"
    layers = f"{image.layers} layer{'s' if image.layers != 1 else ''}"
    return "image", layers, f"{_bytes(image.size)}, {image.name} {image.id[:12]}", "the image"


def _words(picture: Picture) -> list[Text]:
    """What the picture cannot show."""
    lines = [*_state(picture.state), _dies(picture)] if picture.state.kind else []
    lines += [Text(f"DISAGREES: {one}", style="bold red") for one in picture.disagreements]
    lines += [Text(f"UNKNOWN: {one}", style="bold yellow") for one in picture.unknown]
    if not picture.disagreements and not picture.unknown:
        word = "INFO" if picture.state.persistence else "GET /placement"
        lines.append(Text.assemble(("agrees", "green"), f": {word}, open files, mount table, engine"))
    return lines


def _state(state: State) -> list[Text]:
    if not state.mount:
        return []
    how = {
        "append-only": f"; append-only file, synced {state.sync}",
        "snapshots": f"; in memory, with snapshots (save {state.sync})",
    }.get(state.persistence, "")
    path = state.path or ""
    if state.persistence:
        files = f"in {len(state.files)} file{'s' if len(state.files) != 1 else ''}"
    else:
        files = ", ".join(
            f"{file.path.removeprefix(path) or 'database'} {_bytes(file.size)}" for file in state.files
        )
    return [Text.assemble("state: ", (f"{path} {_bytes(state.size)}", _HOLDS), f" ({files}){how}")]


def _dies(picture: Picture) -> Text:
    """The events by what becomes of the state."""
    line = Text()
    for fate, (words, style) in _FATES.items():
        if events := [event for event, its in picture.fates.items() if its == fate]:
            line.append("; " if line else "").append(words, style).append(f" {', '.join(events)}")
    if "elsewhere" in picture.fates.values():
        line.append(f"; for the rest see {picture.state.container or 'that Redis'}")
    return line


def _summary(found: Found) -> Text:
    bad = sum(bool(picture.disagreements) for picture in found.pictures)
    unknown = sum(bool(picture.unknown) for picture in found.pictures)
    count = len(found.pictures)
    text = (
        f"{count} instance{'s' if count != 1 else ''} of project {found.project} ({found.driver}): "
        f"{bad} disagree, {unknown} not wholly known"
    )
    return Text(text, style="bold red" if bad else "yellow" if unknown else "")
