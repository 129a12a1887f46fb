"""Conditional requests (RFC 9110, 13), and those that may be sent again.

A session's version is its strong entity tag.
"""

import re
from typing import Annotated

import msgspec
from flask import Request
from msgspec import Meta
from werkzeug.datastructures import ETags

from services.session.endpoint import Header
from services.session.problems import Invalid
from services.session.store import IdempotencyMismatch, PreconditionFailed

_VERSION = re.compile(r"[1-9][0-9]{0,14}")
_Key = Annotated[str, Meta(pattern=r"^[!-~]{1,255}(?!\n)$")]


def _if_versions(request: Request) -> frozenset[int] | None:
    """The versions that `If-Match` names; None without one, or for `*`. Weak tags match nothing."""
    if "HTTP_IF_MATCH" not in request.environ or request.if_match.star_tag:
        return None
    return frozenset(int(tag) for tag in request.if_match.as_set() if _VERSION.fullmatch(tag or ""))


def _if_none_match(request: Request) -> ETags:
    return request.if_none_match


def _idempotency_key(request: Request) -> str | None:
    key = request.environ.get("HTTP_IDEMPOTENCY_KEY")
    try:
        return None if key is None else msgspec.convert(key, _Key)
    except msgspec.ValidationError as error:
        raise Invalid("an Idempotency-Key is 1 to 255 visible ASCII characters") from error


IfMatch = Annotated[
    frozenset[int] | None,
    Header(
        _if_versions,
        (PreconditionFailed,),
        name="If-Match",
        description="Only if the session is still at this version, or at one of these",
        example='"7"',
    ),
]
IfNoneMatch = Annotated[
    ETags,
    Header(
        _if_none_match,
        (),
        name="If-None-Match",
        description="Only if the session is no longer at this version",
        example='"7"',
    ),
]
IdempotencyKey = Annotated[
    str | None,
    Header(
        _idempotency_key,
        (IdempotencyMismatch, Invalid),
        name="Idempotency-Key",
        description="Made once, however often it is sent: a repeat is answered as the first time",
        example='"8e03978e-40d5-43dd-bc93-6894a57f9324"',
        kind=_Key,
    ),
]
