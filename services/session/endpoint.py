"""An endpoint, declared once: its requests are read by the declaration, `/openapi.json` is written from it.

What a view takes stands in its signature, one source an argument, read in that order:
`Annotated[T, Credential(...)]` and `Annotated[T, Header(...)]` say their source themselves, a
`msgspec.Struct` is the JSON body, and any other type a variable of the path. All of it is worked
out when the view is declared; a request costs one call an argument.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args, get_type_hints

import msgspec
from flask import Request, Response
from flask.globals import request_ctx
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from services.session.problems import Invalid, Refusal

Refusals = tuple[Refusal, ...]


@dataclass(frozen=True)
class Source:
    """Where an argument comes from. `read` gives its value for a request, or raises a refusal."""

    read: Callable[[Request], Any]
    refusals: Refusals


@dataclass(frozen=True)
class Credential(Source):
    """What says which session is meant; the document's security scheme."""


@dataclass(frozen=True)
class Parameter(Source):
    """What may come along by a name, and may be left out."""

    name: str
    description: str
    example: str
    kind: Any = str


@dataclass(frozen=True)
class Header(Parameter):
    """A request header."""


@dataclass(frozen=True)
class Query(Parameter):
    """A parameter of the query."""


@dataclass(frozen=True)
class Variable(Source):
    """A variable of the path."""

    name: str
    kind: Any


@dataclass(frozen=True)
class Body(Source):
    """The JSON body. It may be left out if its type needs no field."""

    kind: type[msgspec.Struct]
    required: bool


@dataclass(frozen=True)
class Answer:
    """One of an endpoint's answers. `links`: the views to go on with, and their parameters (OpenAPI)."""

    description: str
    body: Any = None
    media: str = "application/json"
    headers: tuple[str, ...] = ()
    links: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Endpoint:
    """A view with its declaration; what Flask calls."""

    view: Callable[..., Response]
    summary: str
    answers: Mapping[int, Answer]
    sources: Mapping[str, Source]
    refusals: Refusals

    @property
    def __name__(self) -> str:
        return self.view.__name__

    def __call__(self, **_path: str) -> Response:
        request = request_ctx.request
        return self.view(**{name: source.read(request) for name, source in self.sources.items()})


def endpoint(
    summary: str, answers: Mapping[int, Answer], *refusals: Refusal
) -> Callable[[Callable[..., Response]], Endpoint]:
    """Declare a view: what it answers, and what it refuses beyond what its arguments' sources do."""

    def declared(view: Callable[..., Response]) -> Endpoint:
        hints = get_type_hints(view, include_extras=True)
        hints.pop("return")
        sources = {name: _source(name, kind) for name, kind in hints.items()}
        own = tuple(refusal for source in sources.values() for refusal in source.refusals)
        return Endpoint(view, summary, answers, sources, (*own, *refusals))

    return declared


def _source(name: str, kind: Any) -> Source:
    for extra in get_args(kind)[1:]:
        if isinstance(extra, Source):
            return extra
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _body(kind)
    return _variable(name, kind)


def _variable(name: str, kind: Any) -> Variable:
    def read(request: Request) -> Any:
        try:
            return msgspec.convert((request.view_args or {})[name], kind)
        except msgspec.ValidationError as error:
            raise Invalid(f"{name} is not as it should be: {error}") from error

    return Variable(read, (Invalid,), name, kind)


def _body(kind: type[msgspec.Struct]) -> Body:
    decode = msgspec.json.Decoder(kind).decode
    required = any(one.required for one in msgspec.structs.fields(kind))

    def read(request: Request) -> Any:
        raw = request.get_data() if request.environ.get("CONTENT_LENGTH") else b""
        if not (raw or required):
            return kind()
        if request.mimetype != "application/json":
            raise UnsupportedMediaType("send application/json")
        try:
            return decode(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Invalid(f"the body is not as it should be: {error}") from error

    return Body(read, (RequestEntityTooLarge, UnsupportedMediaType, Invalid), kind, required)
