"""The routes over `flask.session`, whatever keeps it."""

from typing import Any

from flask import Blueprint, request, session

routes = Blueprint("cart", __name__)


@routes.post("/session")
def open_session() -> tuple[dict[str, Any], int]:
    session.clear()
    session["items"], session["visits"] = {}, 0
    return _view(), 201


@routes.get("/session")
def read_session() -> dict[str, Any]:
    return _view()


@routes.put("/session/items/<item_id>")
def put_item(item_id: str) -> tuple[dict[str, Any], int]:
    new = item_id not in session["items"]
    session["items"][item_id] = request.get_json()
    session.modified = True
    return {"items": len(session["items"])}, 201 if new else 200


@routes.post("/session/visits")
def count_visit() -> dict[str, Any]:
    session["visits"] += 1
    return {"visits": session["visits"]}


@routes.get("/healthz")
def healthz() -> tuple[str, dict[str, str]]:
    return "alive\n", {"Content-Type": "text/plain"}


def _view() -> dict[str, Any]:
    return {"items": session["items"], "visits": session["visits"]}
