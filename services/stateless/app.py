"""The stateless service: sessions leave its container, to the client as a sealed token or to Redis."""

import os
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

import redis
from flask import Flask

from services.session import application, logs, placement
from services.session.cookie import Cookie
from services.session.lifetime import Lifetime
from services.session.placement import Instance, Placement
from services.session.settings import Settings, SettingsError, without_secret
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
    logs.started(settings, instance)
    if settings.store.scheme == "token":
        if settings.keys is None:
            raise SettingsError("SESSION_STORE=token: needs SESSION_KEYS, the directory of its key ring")
        return _token(KeyRing(settings.keys), settings.service, cookie, lifetime, instance)
    url = settings.store.geturl()
    where = placement.of_kind("redis", settings.service, "redis", instance, without_secret(url))
    return application.build(_redis(url, lifetime), cookie, lambda: where)


def _token(keys: KeyRing, service: str, cookie: Cookie, lifetime: Lifetime, instance: Instance) -> Flask:
    """Where its sessions are sealed is a matter of the key, which a rotation changes while it runs."""

    def placed() -> Placement:
        return placement.of_kind("client", service, "token", instance, f"key {keys.sealing().kid}")

    return application.build(TokenStore(keys, service, cookie.room, lifetime), cookie, placed)


def _redis(url: str, lifetime: Lifetime) -> RedisStore:
    if not re.fullmatch(r"(/[0-9]*)?", urlsplit(url).path):
        raise SettingsError(
            f"SESSION_STORE={without_secret(url)!r}: a database is a number, as in {STORES[0]}"
        )
    try:
        return RedisStore(url, lifetime)
    except (redis.RedisError, ValueError) as error:
        raise SettingsError(f"SESSION_STORE={without_secret(url)!r}: {error}") from error
