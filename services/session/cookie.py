"""The cookie that carries the credential. Rules: RFC 6265bis; OWASP Session Management Cheat Sheet."""

from dataclasses import dataclass
from functools import cached_property

from flask import Request, Response
from werkzeug.http import dump_cookie

from services.session.store import CredentialInvalid

LIMIT = 4096
"""Bytes of name, value and attributes that every browser keeps (RFC 6265, 6.1)."""


@dataclass(frozen=True)
class Cookie:
    service: str
    secure: bool

    @cached_property
    def name(self) -> str:
        return f"{'__Host-' if self.secure else ''}{self.service}-session"

    @property
    def room(self) -> int:
        """How many bytes of credential fit."""
        return LIMIT - len(self._header(""))

    def read(self, request: Request) -> str | None:
        """The credential that came with a request. Raises `CredentialInvalid` for two that differ.

        A neighbouring host may have planted one, to have the victim use a session of its own.
        """
        sent = self._sent(request)
        if len(sent) > 1:
            raise CredentialInvalid("several session cookies came along, and they differ")
        return next(iter(sent), None)

    def keep(self, response: Response, request: Request, credential: str) -> None:
        """Send the credential, unless the client holds just that: late answers overwrite nothing.

        It needs no quotes: stores give out letters, digits, hyphens, underscores and dots.
        """
        if {credential} != self._sent(request):
            response.headers.add("Set-Cookie", f"{self.name}={credential}{self._attributes}")

    def drop(self, response: Response) -> None:
        """Make the client forget it, with the attributes it was set with."""
        response.headers.add("Set-Cookie", self._header("", max_age=0))

    def _sent(self, request: Request) -> set[str]:
        return set(request.cookies.getlist(self.name))

    @cached_property
    def _attributes(self) -> str:
        return self._header("").removeprefix(f"{self.name}=")

    def _header(self, value: str, max_age: int | None = None) -> str:
        return dump_cookie(
            self.name,
            value,
            max_age=max_age,
            path="/",
            secure=self.secure,
            httponly=True,
            samesite="Lax",
            max_size=0,
        )
