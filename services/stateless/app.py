"""The stateless service: sessions leave its container, to the client as a sealed token or to Redis."""

import os
from collections.abc import Mapping

import redis
from flask import Flask

from services.session import application, placement
from services.session.cookie import Cookie
from services.session.lifetime import Lifetime
from services.session.placement import Instance
from services.session.settings import Settings, SettingsError
from services.stateless.keyring import KeyRing
from services.stateless.redis import RedisStore
from services.stateless.token import TokenStore

STORES = ("redis://redis:6379/0", "token:")


def create_app(environ: Mapping[str, str] = os.environ) -> Flask:
    """Raises `SettingsError` where it cannot start like this."""
    settings = Settings.read(environ, service="stateless", stores=STORES)
    lifetime = Lifetime(settings.idle_seconds, settings.absolute_seconds)
    cookie = Cookie(settings.service, settings.cookie_secure)
    instance = Instance.new()
    if settings.store.scheme == "token":
        if settings.keys is None:
            raise SettingsError("SESSION_STORE=token: needs SESSION_KEYS, the directory of its key ring")
        store = TokenStore(KeyRing(settings.keys), settings.service, cookie.room, lifetime)
        where = placement.of_kind("client", settings.service, "token", instance, None)
        return application.build(store, cookie, where)
    url = settings.store.geturl()
    where = placement.of_kind("redis", settings.service, "redis", instance, _without_password(settings))
    return application.build(_redis(url, lifetime), cookie, where)


def _redis(url: str, lifetime: Lifetime) -> RedisStore:
    try:
        return RedisStore(url, lifetime)
    except (redis.RedisError, ValueError) as error:
        raise SettingsError(f"SESSION_STORE={url!r}: {error}") from error


def _without_password(settings: Settings) -> str:
    store = settings.store
    return f"redis://{store.hostname}:{store.port or 6379}{store.path}"
