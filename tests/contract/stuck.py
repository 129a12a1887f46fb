"""An application that acknowledges every visit as the first."""

from flask import Flask


def create_app() -> Flask:
    app = Flask(__name__)

    @app.post("/session/visits")
    def count_visit() -> dict[str, int]:
        return {"visits": 1}

    @app.get("/healthz")
    def healthz() -> str:
        return "alive"

    return app
