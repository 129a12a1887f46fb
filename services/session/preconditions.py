"""Conditional requests (RFC 9110, 13): a session's version is its strong entity tag."""

import re
from typing import Annotated

from flask import request
from werkzeug.datastructures import ETags

from services.session.endpoint import Header
from services.session.problems import Invalid
from services.session.store import PreconditionFailed

_VERSION = re.compile(r"[1-9][0-9]{0,14}")


def _if_version() -> int | None:
    """The version that `If-Match` names; None without one, or for `*`.

    A tag that is no version of ours can match none: version 0 stands for it.
    """
    if "If-Match" not in request.headers or request.if_match.star_tag:
        return None
    tags = request.if_match.as_set()
    if len(tags) > 1:
        raise Invalid("If-Match takes one entity tag here")
    tag = next(iter(tags), None) or ""
    return int(tag) if _VERSION.fullmatch(tag) else 0


def _if_none_match() -> ETags:
    return request.if_none_match


IfMatch = Annotated[
    int | None,
    Header(
        _if_version,
        (PreconditionFailed, Invalid),
        name="If-Match",
        description="Only if the session is still at this version",
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
