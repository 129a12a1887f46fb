"""The stateless service: sessions leave its container, to the client as a sealed token or to Redis."""

import os
import re
from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import SplitResult

import redis
from flask import Flask

from services.session import application, placement
from services.session.cookie import Cookie
from services.session.lifetime import Lifetime
from services.session.placement import Instance, Placement
from services.session.settings import REDIS, Settings, SettingsError, without_secret
from services.stateless.keyring import KeyRing
from services.stateless.redis import RedisStore
from services.stateless.revocation import Revocations
from services.stateless.token import TokenStore

STORES = (REDIS, "token:")

T = TypeVar("T")


def create_app(environ: Mapping[str, str] = os.environ) -> Flask:
    """Raises `SettingsError` where it cannot start like this."""
    settings = Settings.read(environ, service="stateless", stores=STORES)
    lifetime = Lifetime(settings.idle_seconds, settings.absolute_seconds)
    cookie = Cookie(settings.service, settings.cookie_secure)
    instance = Instance.new()
    if settings.store.scheme == "token":
        return _token(settings, cookie, lifetime, instance)
    store = _in_redis("SESSION_STORE", settings.store, lifetime, RedisStore)
    source = without_secret(settings.store.geturl())
    where = placement.of_kind("redis", settings.service, "redis", instance, source)
    return application.build(store, cookie, lambda: where)


def _token(settings: Settings, cookie: Cookie, lifetime: Lifetime, instance: Instance) -> Flask:
    """Where its sessions are sealed is a matter of the key, which a rotation changes while it runs."""
    if settings.keys is None:
        raise SettingsError("SESSION_STORE=token: needs SESSION_KEYS, the directory of its key ring")
    keys, service, url = KeyRing(settings.keys), settings.service, settings.revocations
    revocations = _in_redis("SESSION_REVOCATIONS", url, lifetime, Revocations) if url else None

    def placed() -> Placement:
        return placement.of_kind("client", service, "token", instance, f"key {keys.sealing().kid}")

    store = TokenStore(keys, service, cookie.room, lifetime, revocations)
    return application.build(store, cookie, placed)


def _in_redis(name: str, url: SplitResult, lifetime: Lifetime, kind: Callable[[str, Lifetime], T]) -> T:
    """What keeps something in the Redis that the setting of this name says."""
    shown = without_secret(url.geturl())
    if not re.fullmatch(r"(/[0-9]*)?", url.path):
        raise SettingsError(f"{name}={shown!r}: a database is a number, as in {REDIS}")
    try:
        return kind(url.geturl(), lifetime)
    except (redis.RedisError, ValueError) as error:
        raise SettingsError(f"{name}={shown!r}: {error}") from error
