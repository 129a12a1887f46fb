"""An application called in this process, by what a server hands it: fast enough for a hundred thousand."""

import sys
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from flask import Flask

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

BASE: "WSGIEnvironment" = {
    "SCRIPT_NAME": "",
    "QUERY_STRING": "",
    "SERVER_NAME": "localhost",
    "SERVER_PORT": "80",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "wsgi.version": (1, 0),
    "wsgi.url_scheme": "http",
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": False,
    "wsgi.multiprocess": False,
    "wsgi.run_once": False,
}


class Answer(NamedTuple):
    status: int
    content_type: str
    set_cookie: str | None
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        return msgspec.json.decode(self.body, type=dict[str, Any])


def call(app: Flask, method: str, path: str, cookie: str = "", body: bytes = b"") -> Answer:
    """`cookie` is the whole header: any text, of which a character beyond latin-1 goes as its UTF-8."""
    heard: dict[str, Any] = {}

    def start(status: str, headers: list[tuple[str, str]], _: Any = None) -> Any:
        heard.update(headers, status=int(status[:3]))

    environ = BASE | {"REQUEST_METHOD": method, "PATH_INFO": path, "wsgi.input": BytesIO(body)}
    if body:
        environ |= {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body))}
    if cookie:
        environ["HTTP_COOKIE"] = cookie.encode("utf-8", "surrogatepass").decode("latin-1")
    content = b"".join(app.wsgi_app(environ, start))
    return Answer(heard["status"], heard.get("Content-Type", ""), heard.get("Set-Cookie"), content)
