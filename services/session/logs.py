"""What a service tells its operator: one JSON object a line, on standard output.

`log` takes the name of an event and, as `extra`, its fields. Names are those of the OWASP Logging
Vocabulary where it has one; docs/operations.md lists them. Lines of other loggers, Granian's and
Flask's, come as the event `message`.
"""

import hashlib
import logging
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from services.session.placement import Instance
from services.session.settings import Settings, SettingsError, without_secret

LEVELS = ("debug", "info", "warning", "error")
log = logging.getLogger("sessionlab")

_CREDENTIAL_LENGTH = 16
"""Nothing shorter is a credential, or the secret half of one."""
_writer: dict[str, str] = {}
"""Who writes the lines of this process."""


class JsonLines(JsonFormatter):
    """Time (RFC 3339, UTC), level, event, who writes, and the event's own fields.

    Whatever a client sent is escaped down to printable ASCII: it neither begins a line nor moves a
    terminal's cursor.
    """

    def __init__(self) -> None:
        super().__init__([], json_ensure_ascii=True, rename_fields={"exc_info": "traceback"})

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        ours = record.name == log.name
        log_data["time"] = f"{datetime.fromtimestamp(record.created, UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
        log_data["level"] = record.levelname.lower()
        log_data["event"] = record.msg if ours else "message"
        log_data.update(_writer)
        if not ours:
            log_data.update(logger=record.name, message=record.getMessage())
        super().add_fields(log_data, record, message_dict)


def level(environ: Mapping[str, str]) -> str:
    """`LOG_LEVEL`: events below it are not written. Raises `SettingsError`."""
    text = environ.get("LOG_LEVEL", "info")
    if text.lower() not in LEVELS:
        raise SettingsError(f"LOG_LEVEL={text!r}: must be one of {', '.join(LEVELS)}")
    return text.lower()


def config(level: str) -> dict[str, Any]:
    """For `logging.config.dictConfig`: every logger's lines in this form."""
    output = {"class": "logging.StreamHandler", "formatter": "lines", "stream": "ext://sys.stdout"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": JsonLines}},
        "handlers": {"output": output},
        "loggers": {},
        "root": {"handlers": ["output"], "level": level.upper()},
    }


def started(settings: Settings, instance: Instance) -> None:
    """Name this instance in every line of the process from now on; the first says by which settings."""
    _writer.update(service=settings.service, instance=instance.container, boot=instance.boot)
    fields = {
        "store": without_secret(settings.store.geturl()),
        "idle_seconds": settings.idle_seconds,
        "absolute_seconds": settings.absolute_seconds,
        "keys": settings.keys and str(settings.keys),
        "revocations": settings.revocations and without_secret(settings.revocations.geturl()),
        "cookie_secure": settings.cookie_secure,
        "log_level": logging.getLevelName(log.getEffectiveLevel()).lower(),
    }
    log.info("sys_startup", extra=fields)


def fingerprint(credential: str) -> str:
    """By which a credential is known in the log: the first 64 bits of its SHA-256, in hexadecimal."""
    return hashlib.sha256(credential.encode(errors="surrogatepass")).hexdigest()[:16]


def without_credentials(text: str, cookies: Iterable[str]) -> str:
    """The text, fit to be written: no cookie's value is in it, nor either half of one."""
    for cookie in cookies:
        for part in (cookie, *cookie.split(".")):
            if len(part) >= _CREDENTIAL_LENGTH:
                text = text.replace(part, "***")
    return text
