"""An answer that is all there when it is sent."""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from flask import Response

_WITHOUT_BODY = {204, 304}


class Reply(Response):
    """A body of bytes and its headers, handed to the server as they are.

    Flask's response copies and checks each header once more on its way out, and passes on an iterator,
    with which the server takes as much trouble as with a stream.
    """

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "HEAD" or self.status_code in _WITHOUT_BODY:
            return super().__call__(environ, start_response)
        start_response(self.status, self.headers.to_wsgi_list())
        return [self.get_data()]
