"""Start a service: refuse what cannot work with one clear line, then serve."""

import logging
import os
import sys
from collections.abc import Callable

from flask import Flask
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from services.session import logs
from services.session.settings import SettingsError


def serve(create_app: Callable[[], Flask], target: str) -> None:
    """Serve the application that `target` (`module:function`) makes, on `HOST` and `PORT`.

    One worker process with blocking threads: state in process memory stays in one place.
    """
    try:
        level = logs.level(os.environ)
        create_app()
        port = _whole("PORT", 8000)
        threads = _whole("THREADS", 8)
    except SettingsError as error:
        sys.exit(f"{target.partition('.app:')[0]} cannot start: {error}")
    logging.captureWarnings(True)
    server = Granian(
        target,
        address=os.environ.get("HOST", "127.0.0.1"),
        port=port,
        interface=Interfaces.WSGI,
        factory=True,
        workers=1,
        blocking_threads=threads,
        log_access=False,
        log_level=LogLevels(level),
        log_dictconfig=logs.config(level),
    )
    server.on_shutdown(lambda: logs.log.info("sys_shutdown"))
    server.serve()


def _whole(name: str, default: int) -> int:
    text = os.environ.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 65536):
        raise SettingsError(f"{name}={text!r}: a whole number from 1 to 65535 is needed")
    return int(text)
