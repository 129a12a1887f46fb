"""Settings: read once, refused when they make no sense."""

from pathlib import Path

import pytest

from services.session.settings import Settings, SettingsError

STORES = ("sqlite:/state/sessions.db", "memory:", "redis://redis:6379/0")


def read(**environ: str) -> Settings:
    return Settings.read(environ, service="stateful", stores=STORES)


def test_settings_have_their_documented_defaults() -> None:
    settings = read()
    assert (settings.idle_seconds, settings.absolute_seconds) == (1800, 43200)
    assert (settings.service, settings.store.geturl()) == ("stateful", STORES[0])
    assert (settings.cookie_secure, settings.keys, settings.revocations) == (True, None, None)


def test_settings_are_read_from_the_environment() -> None:
    settings = read(
        SESSION_SERVICE="volume",
        SESSION_STORE="memory:",
        SESSION_IDLE_SECONDS="60",
        SESSION_ABSOLUTE_SECONDS="60",
        SESSION_KEYS="/keys",
        SESSION_COOKIE_SECURE="false",
    )
    assert (settings.idle_seconds, settings.absolute_seconds) == (60, 60)
    assert (settings.service, settings.store.scheme) == ("volume", "memory")
    assert (settings.cookie_secure, settings.keys) == (False, Path("/keys"))


def test_settings_take_a_redis_that_remembers_revoked_tokens() -> None:
    environ = {"SESSION_STORE": "token:", "SESSION_REVOCATIONS": "redis://redis:6379/1"}
    settings = Settings.read(environ, service="stateless", stores=("token:",))
    assert settings.revocations
    assert settings.revocations.geturl() == "redis://redis:6379/1"


@pytest.mark.parametrize("url", ["", "redis", "memory:", "redis://", "token:", "sqlite:/a.db"])
def test_settings_refuse_revocations_that_are_in_no_redis(url: str) -> None:
    environ = {"SESSION_STORE": "token:", "SESSION_REVOCATIONS": url}
    with pytest.raises(SettingsError, match="SESSION_REVOCATIONS"):
        Settings.read(environ, service="stateless", stores=("token:",))


def test_settings_refuse_revocations_where_the_store_ends_sessions_itself() -> None:
    with pytest.raises(SettingsError, match="SESSION_REVOCATIONS is for"):
        read(SESSION_STORE="memory:", SESSION_REVOCATIONS="redis://redis:6379/0")


def test_settings_ignore_what_is_not_theirs() -> None:
    assert read(PATH="/bin", SESSIONS="x", session_store="x") == read()


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:/tmp/a.db",
        "sqlite:///tmp/a.db",
        "memory:",
        "redis://redis:6379/0",
        "redis://redis",
        "redis://user:word@redis/1",
        "redis://[::1]:6379/0",
    ],
)
def test_settings_take_a_store(url: str) -> None:
    assert read(SESSION_STORE=url).store.geturl() in {url, url.replace("///", "/")}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SESSION_STORE", ""),
        ("SESSION_STORE", "sqlite"),
        ("SESSION_STORE", "mysql://db/sessions"),
        ("SESSION_STORE", "token:"),
        ("SESSION_STORE", "//[x"),
        ("SESSION_STORE", "memory:/x"),
        ("SESSION_STORE", "memory://host"),
        ("SESSION_STORE", "sqlite://state/sessions.db"),
        ("SESSION_STORE", "sqlite:/tmp/a.db?mode=ro"),
        ("SESSION_STORE", "sqlite:/tmp/a.db#b"),
        ("SESSION_STORE", "redis:"),
        ("SESSION_STORE", "redis://"),
        ("SESSION_STORE", "redis://:6379/0"),
        ("SESSION_STORE", "redis://redis:port/0"),
        ("SESSION_STORE", "redis://redis:99999/0"),
        ("SESSION_STORE", "redis://redis/0?socket_timeout=60"),
        ("SESSION_IDLE_SECONDS", ""),
        ("SESSION_IDLE_SECONDS", "0"),
        ("SESSION_IDLE_SECONDS", "-1"),
        ("SESSION_IDLE_SECONDS", "1.5"),
        ("SESSION_IDLE_SECONDS", " 60"),
        ("SESSION_IDLE_SECONDS", "1_0"),
        ("SESSION_IDLE_SECONDS", "٣"),
        ("SESSION_IDLE_SECONDS", "1e3"),
        ("SESSION_IDLE_SECONDS", "9" * 5000),
        ("SESSION_ABSOLUTE_SECONDS", "never"),
        ("SESSION_ABSOLUTE_SECONDS", "1000000001"),
        ("SESSION_COOKIE_SECURE", ""),
        ("SESSION_COOKIE_SECURE", "True"),
        ("SESSION_COOKIE_SECURE", "0"),
        ("SESSION_SERVICE", ""),
        ("SESSION_SERVICE", "-"),
        ("SESSION_SERVICE", "a;b"),
        ("SESSION_SERVICE", "a b"),
        ("SESSION_SERVICE", "ä"),
        ("SESSION_SERVICE", "a\n"),
    ],
)
def test_setting_that_makes_no_sense_is_refused_by_its_name_in_one_line(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as error:
        read(**{name: value})
    assert str(error.value).startswith(name)
    assert "\n" not in str(error.value)


def test_unknown_setting_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SettingsError, match=r"SESSION_IDEL_SECONDS.*SESSION_IDLE_SECONDS"):
        read(SESSION_IDEL_SECONDS="60")


def test_idle_timeout_beyond_the_absolute_one_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"61.*60"):
        read(SESSION_IDLE_SECONDS="61", SESSION_ABSOLUTE_SECONDS="60")
