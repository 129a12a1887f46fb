"""The tab "Integrity" in Locust's web UI, and tables there that keep up."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from flask import Flask, Response, request

from loadtests.integrity import Tally

KEY = "integrity"
COLUMNS = {
    "placement": "Placement",
    "acknowledged": "Acknowledged writes",
    "verified": "Verified",
    "lost": "Lost writes",
    "lost_updates": "Lost updates",
    "doubled": "Doubled writes",
    "indeterminate": "Indeterminate",
    "stale": "Stale reads",
    "sessions": "Sessions",
    "dropped": "Dropped sessions",
}
TEMPLATE_ARGUMENTS: Mapping[str, Any] = {
    "extended_tabs": [{"title": "Integrity", "key": KEY}],
    "extended_tables": [
        {"key": KEY, "structure": [{"key": key, "title": title} for key, title in COLUMNS.items()]}
    ],
}

# Locust's page asks for news every two seconds: too seldom for a loss that should be seen within two.
HASTE = """<script>
  const every = window.setInterval;
  window.setInterval = (run, period, ...rest) => every(run, period === 2000 ? 750 : period, ...rest);
</script>"""
# It takes no users and no seconds for a shape, unless one was chosen that wants them.
CHANGES = {
    "<head>": f"<head>{HASTE}",
    '"shape_use_common_options": null': '"shape_use_common_options": true',
}


def rows(tallies: Mapping[str, Tally]) -> list[dict[str, Any]]:
    """A row for each placement, and a last one for all."""
    if not tallies:
        return []
    total = {"All": sum(tallies.values(), Tally())} if len(tallies) > 1 else {}
    return [{"placement": name, **asdict(tally)} for name, tally in {**tallies, **total}.items()]


def extend(app: Flask, tallies: Callable[[], Mapping[str, Tally]], notice: Callable[[], str]) -> None:
    """Serve the tab's rows with Locust's own statistics, as its page expects them; `notice` is one more."""

    @app.after_request
    def with_integrity(response: Response) -> Response:
        if request.endpoint == "locust.request_stats" and response.is_json:
            said = [{"placement": notice()}] if notice() else []
            extended = [{"key": KEY, "data": [*said, *rows(tallies())]}]
            response.set_data(json.dumps({**response.get_json(), "extended_stats": extended}))
        elif request.endpoint == "locust.index" and response.status_code == 200:
            page = response.get_data(as_text=True)
            for old, new in CHANGES.items():
                page = page.replace(old, new, 1)
            response.set_data(page)
        return response
