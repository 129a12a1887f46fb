"""Contrast, as WCAG 2 AA asks for text, in both colour schemes."""

import re
from pathlib import Path

import pytest

from chaos.report import html


def colours(css: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#\w{6})", css))


def contrast(one: str, other: str) -> float:
    """As WCAG 2 defines it."""

    def luminance(colour: str) -> float:
        parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted(map(luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_colours_can_be_read(scheme: int) -> None:
    css = (Path(html.__file__).parent / "report.css").read_text()
    known = colours(re.findall(r":root \{(.*?)\}", css, re.DOTALL)[scheme])
    words = {"kept", "lost", "partly", "split", "orphaned", "unavailable", "unknown", "page", "soft", "mark"}
    pairs = [("text", word) for word in words]
    pairs += [(ink, paper) for ink in ("dim", "link", "ok", "fail", "info", "alarm") for paper in ("page",)]
    pairs += [("text", "fault"), ("dim", "fault"), ("on-alarm", "alarm"), ("dim", "soft")]
    assert [pair for pair in pairs if contrast(*(known[name] for name in pair)) < 4.5] == []
