"""Start a service: refuse what cannot work with one clear line, then serve until SIGTERM, and drain."""

import logging
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from threading import Timer
from types import FrameType
from typing import Any

from flask import Flask
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import MPServer

from services.session import logs
from services.session.drain import Drain, announce
from services.session.settings import SettingsError

FINISH_SECONDS = 5
"""What requests in flight get to end in, once nothing new is accepted."""


def serve(create_app: Callable[[], Flask], target: str) -> None:
    """Serve the application that `create_app` makes, on `HOST` and `PORT`; `target` is its name.

    One worker process with blocking threads: state in process memory stays in one place.
    """
    try:
        level = logs.level(os.environ)
        create_app()
        port = _whole("PORT", 8000)
        threads = _whole("THREADS", 8)
        seconds = _whole("DRAIN_SECONDS", 1)
    except SettingsError as error:
        sys.exit(f"{target.partition('.app:')[0]} cannot start: {error}")
    logging.captureWarnings(True)
    drain = Drain()
    server = _Server(
        drain,
        seconds,
        target=target,
        address=os.environ.get("HOST", "127.0.0.1"),
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=threads,
        workers_kill_timeout=FINISH_SECONDS,
        log_access=False,
        log_level=LogLevels(level),
        log_dictconfig=logs.config(level),
    )
    server.on_shutdown(lambda: logs.log.info("sys_shutdown"))
    server.serve(target_loader=partial(_announcing, drain, create_app), wrap_loader=False)


def _announcing(drain: Drain, create_app: Callable[[], Flask]) -> Flask:
    return announce(drain, create_app())


class _Server(MPServer):
    """Granian, but on SIGTERM it begins the drain and stops after so many seconds, or at the next signal.

    SIGINT stops at once: a terminal sends it to the worker, too.
    """

    def __init__(self, drain: Drain, seconds: int, **settings: Any) -> None:
        super().__init__(**settings)
        self._drain = drain
        self._seconds = seconds

    def signal_handler_interrupt(self, number: int, _frame: FrameType | None) -> None:
        if os.getpid() != self.pid:  # the worker, that had no time yet to set a handler of its own
            os._exit(0)
        if number != signal.SIGTERM or self._drain.begun:
            self._stop()
            return
        self._drain.begin()
        stopping = Timer(self._seconds, self._stop)
        stopping.daemon = True
        stopping.start()

    def _stop(self) -> None:
        self.interrupt_signal = True
        self.main_loop_interrupt.set()


def _whole(name: str, default: int) -> int:
    text = os.environ.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 65536):
        raise SettingsError(f"{name}={text!r}: a whole number from 1 to 65535 is needed")
    return int(text)
