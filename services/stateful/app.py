"""The stateful service: sessions stay in its container, in process memory or in a file."""

import os
from collections.abc import Mapping
from pathlib import Path

from flask import Flask

from services.session import application, logs, placement
from services.session.cookie import Cookie
from services.session.lifetime import Lifetime
from services.session.placement import Instance
from services.session.settings import Settings, SettingsError
from services.session.store import StoreUnavailable
from services.stateful.about import About
from services.stateful.memory import MemoryStore
from services.stateful.sqlite import SqliteStore

STORES = ("sqlite:/state/sessions.db", "memory:")


def create_app(environ: Mapping[str, str] = os.environ) -> Flask:
    """Raises `SettingsError` where it cannot start like this."""
    settings = Settings.read(environ, service="stateful", stores=STORES)
    lifetime = Lifetime(settings.idle_seconds, settings.absolute_seconds)
    cookie = Cookie(settings.service, settings.cookie_secure)
    instance = Instance.new()
    logs.started(settings, instance)
    if settings.store.scheme == "memory":
        where = placement.of_kind("process-memory", settings.service, "memory", instance, None)
        return application.build(MemoryStore(lifetime), cookie, lambda: where)
    path = Path(settings.store.path)
    store = _sqlite(path, lifetime, About.of(environ, settings.service))
    where = placement.of_file(path, settings.service, "sqlite", instance)
    return application.build(store, cookie, lambda: where)


def _sqlite(path: Path, lifetime: Lifetime, about: About | None) -> SqliteStore:
    if not path.is_absolute():
        raise SettingsError(f"SESSION_STORE=sqlite:{path}: an absolute path is needed, as in {STORES[0]}")
    try:
        return SqliteStore(path, lifetime, about)
    except StoreUnavailable as error:
        raise SettingsError(f"{error}; its directory must exist and be writable by this user") from error
