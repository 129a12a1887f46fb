"""What is in the stand-ins for the official images: one Dockerfile and one compose.yaml fit both."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
ROOTFS = Path(__file__).parent / "rootfs"


@dataclass(frozen=True)
class Recipe:
    """One image: Debian packages, shell lines run with the new root as $1, and its OCI `config` object."""

    packages: tuple[str, ...]
    hooks: tuple[str, ...]
    config: Mapping[str, object]


PYTHON = Recipe(
    packages=("python3", "python3-pip", "ca-certificates", "passwd"),
    hooks=(
        'rm -f "$1"/usr/lib/python3*/EXTERNALLY-MANAGED',  # an image is nobody's system Python
        'for name in python python3; do ln -s /usr/bin/python3 "$1/usr/local/bin/$name"; done',
        'for name in pip pip3; do ln -s /usr/bin/pip3 "$1/usr/local/bin/$name"; done',
        f'test ! -e {CERTIFICATES} || cp {CERTIFICATES} "$1{CERTIFICATES}"',  # a company proxy's CA, if any
    ),
    config={"Env": [f"SSL_CERT_FILE={CERTIFICATES}", f"PIP_CERT={CERTIFICATES}"], "Cmd": ["python3"]},
)
REDIS = Recipe(
    packages=("redis-server", "redis-tools", "passwd"),
    hooks=(
        'chroot "$1" groupmod --gid 999 redis',
        'chroot "$1" usermod --uid 999 --home /data redis',
        'rm -rf "$1/etc/redis" "$1/var/lib/redis" "$1/var/log/redis"',  # official: Redis's built-in defaults
        'chroot "$1" install -d -o redis -g redis /data',
        f'cp "{ROOTFS}/redis/docker-entrypoint.sh" "$1/usr/local/bin/"',
    ),
    config={
        "Volumes": {"/data": {}},
        "WorkingDir": "/data",
        "ExposedPorts": {"6379/tcp": {}},
        "Entrypoint": ["docker-entrypoint.sh"],
        "Cmd": ["redis-server"],
    },
)
HAPROXY = Recipe(
    packages=("haproxy", "passwd"),
    hooks=(
        'chroot "$1" groupmod --gid 99 haproxy',
        'chroot "$1" usermod --uid 99 haproxy',
        'chroot "$1" install -d -o haproxy -g haproxy /var/lib/haproxy',
        'mkdir -p "$1/usr/local/etc" && mv "$1/etc/haproxy" "$1/usr/local/etc/haproxy"',
        'rm "$1/usr/local/etc/haproxy/haproxy.cfg"',  # official: none, so that a forgotten mount is noticed
        f'cp "{ROOTFS}/haproxy/docker-entrypoint.sh" "$1/usr/local/bin/"',
    ),
    config={
        "User": "haproxy",
        "WorkingDir": "/var/lib/haproxy",
        "StopSignal": "SIGUSR1",
        "Entrypoint": ["docker-entrypoint.sh"],
        "Cmd": ["haproxy", "-f", "/usr/local/etc/haproxy/haproxy.cfg"],
    },
)
RECIPES = {
    "sessionlab/python:3.13-debian": PYTHON,
    "sessionlab/redis:8-debian": REDIS,
    "sessionlab/haproxy:3.0-debian": HAPROXY,
}
