"""Flask with no session at all: the limit of what a service on Flask can reach. Counts nothing."""

from typing import Any

from flask import Flask


def create_app() -> Flask:
    app = Flask(__name__)

    @app.post("/session")
    def open_session() -> tuple[dict[str, Any], int]:
        return {"visits": 0}, 201

    @app.get("/session")
    def read_session() -> dict[str, Any]:
        return {"visits": 0}

    @app.post("/session/visits")
    def count_visit() -> dict[str, Any]:
        return {"visits": 1}

    @app.get("/healthz")
    def healthz() -> tuple[str, dict[str, str]]:
        return "alive\n", {"Content-Type": "text/plain"}

    return app
