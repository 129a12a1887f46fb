"""An answer that is all there when it is sent."""

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from services.session.reply import Reply


def sent(reply: Reply, method: str = "GET") -> tuple[bytes, str, dict[str, str]]:
    """The body, the status and the headers that a server gets."""
    body, status, headers = run_wsgi_app(reply, EnvironBuilder(method=method).get_environ())
    return b"".join(body), status, dict(headers)


def test_reply_is_sent_with_its_length() -> None:
    reply = Reply(b"{}", 201, content_type="application/json")
    reply.set_etag("7")
    told = {"Content-Type": "application/json", "Content-Length": "2", "ETag": '"7"'}
    assert sent(reply) == (b"{}", "201 CREATED", told)


def test_reply_to_head_tells_the_length_of_the_body_that_it_leaves_out() -> None:
    body, _, headers = sent(Reply(b"{}"), "HEAD")
    assert (body, headers["Content-Length"]) == (b"", "2")


@pytest.mark.parametrize("status", [204, 304])
def test_reply_has_no_body_and_no_length_when_its_status_has_none(status: int) -> None:
    body, _, headers = sent(Reply(b"{}", status))
    assert (body, "Content-Length" in headers) == (b"", False)
