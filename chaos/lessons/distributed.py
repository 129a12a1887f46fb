"""A file system of another machine, mounted in two containers: here over SSH, by sshfs."""

import hashlib
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from chaos.engine import ClusterError
from chaos.lessons.lesson import needing, quoted
from chaos.lessons.sandbox import LABEL, Sandbox

SHARED, CONFIGURATION, KEYS = "/shared", "/configuration", "/keys"
BUILD_SECONDS = 300.0
HOLD_SECONDS = 20.0
DOCKERFILE = """\
FROM {base}
LABEL {label}
RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y \
    --no-install-recommends sshfs openssh-server && rm -rf /var/lib/apt/lists/*
RUN mkdir -p {folders}
"""
SERVE = f"""
ssh-keygen -q -t ed25519 -N "" -f {KEYS}/id
printf 'server %s\\n' "$(cut -d ' ' -f 1,2 /etc/ssh/ssh_host_ed25519_key.pub)" > {KEYS}/known_hosts
install -D -m 600 {KEYS}/id.pub /root/.ssh/authorized_keys
mkdir -p /run/sshd
/usr/sbin/sshd -o UsePAM=no
"""
MOUNT = f"""
as=IdentityFile={KEYS}/id,UserKnownHostsFile={KEYS}/known_hosts,StrictHostKeyChecking=yes
sshfs -o "$as" root@server:{SHARED} {SHARED}
sshfs -o "$as,ro" root@server:{CONFIGURATION} {CONFIGURATION}
"""


@dataclass(frozen=True)
class Shared:
    """What works in a second container of what a first one has mounted too, and what does not."""

    file: str | None
    configuration: str | None
    written: str
    """What came of writing the configuration: `done`, or the error's name."""
    lock_beside: str
    """For a second process in the container that holds it: `granted` or `refused`."""
    lock_elsewhere: str
    """For a process in the other container."""
    committed: int
    """SQLite transactions that both containers were told are committed."""
    counted: int | None
    """Those that are in the database; None where it is damaged."""

    def __str__(self) -> str:
        kept = "are in a damaged database" if self.counted is None else f"count {self.counted:,}"
        return (
            f"the other container reads {quoted(self.file)} and the configuration "
            f"{quoted(self.configuration)}, writing which gives {self.written}; while one container holds "
            f"an exclusive flock, a second process there is {self.lock_beside} it and the other container "
            f"{self.lock_elsewhere} it; {self.committed:,} committed SQLite increments {kept}"
        )


@dataclass(frozen=True)
class DistributedMount:
    """`local`: whether both containers have the server's volumes themselves, on the same host."""

    local: bool = False
    device: str = "/dev/fuse"
    seconds: float = 2.0
    name: str = "distributed-mount-lacks-locks"
    claim: str = (
        "over sshfs two containers share files, and read-only configuration works, but both are granted "
        "the same exclusive lock at once: SQLite loses updates"
    )
    did: str = "a file server and two containers that mount it by sshfs: files, a lock, a SQLite counter"

    def observe(self, sandbox: Sandbox) -> Shared:
        server, (first, second) = self._start(sandbox)
        sandbox.write(server, f"{CONFIGURATION}/file", "configured")
        sandbox.write(first, f"{SHARED}/file", "shared")
        attempt = sandbox.python(second, "attempt", "write", f"{CONFIGURATION}/file").strip()
        beside, elsewhere = _locks(sandbox, first, second)
        committed, counted = self._count(sandbox, server, (first, second))
        return Shared(
            file=sandbox.read(second, f"{SHARED}/file"),
            configuration=sandbox.read(second, f"{CONFIGURATION}/file"),
            written=attempt,
            lock_beside=beside,
            lock_elsewhere=elsewhere,
            committed=committed,
            counted=counted,
        )

    def holds(self, seen: Shared) -> bool:
        shares = (seen.file, seen.configuration, seen.written) == ("shared", "configured", "EROFS")
        twice = (seen.lock_beside, seen.lock_elsewhere) == ("refused", "granted")
        lost = seen.counted is None or seen.counted < seen.committed
        return shares and twice and lost

    def _start(self, sandbox: Sandbox) -> tuple[str, list[str]]:
        """The server, and two containers that have its directories mounted."""
        image, network = _image(sandbox), sandbox.network()
        shared, configuration, keys = sandbox.volume(), sandbox.volume(), sandbox.volume()
        own = ("--volume", f"{keys}:{KEYS}")
        volumes = ("--volume", f"{shared}:{SHARED}", "--volume", f"{configuration}:{CONFIGURATION}")
        server = sandbox.container(
            *(*own, *volumes, "--network-alias", "server"), image=image, network=network
        )
        sandbox.sh(server, SERVE)
        if self.local:
            clients = sandbox.twins(*own, *volumes[:3], f"{volumes[3]}:ro", image=image)
        else:
            mounting = partial(self._client, sandbox, own, image, network)
            clients = sandbox.at_once(mounting, mounting)
        return server, clients

    def _client(self, sandbox: Sandbox, own: Sequence[str], image: str, network: str) -> str:
        rights = ("--cap-add", "SYS_ADMIN", "--device", self.device, "--security-opt", "apparmor=unconfined")
        with needing(f"no container could mount by sshfs, which takes {self.device} and SYS_ADMIN"):
            container = sandbox.container(*own, *rights, image=image, network=network)
            sandbox.sh(container, MOUNT)
        return container

    def _count(self, sandbox: Sandbox, server: str, clients: Sequence[str]) -> tuple[int, int | None]:
        """SQLite increments that both made at once, and how many of them the server finds."""
        database = f"{SHARED}/counter.db"
        sandbox.python(server, "database", "make", database)
        counting = ("count", "sqlite", database, str(self.seconds), "", KEYS)
        calls = [
            partial(sandbox.python, own, *counting, own, other) for own, other in (clients, clients[::-1])
        ]
        committed = sum(int(said) for said in sandbox.at_once(*calls))
        counted = sandbox.python(server, "database", "read", database).strip()
        return committed, None if counted == "damaged" else int(counted)


def _image(sandbox: Sandbox) -> str:
    """Built once; it stays, for the next time."""
    text = DOCKERFILE.format(base=sandbox.base, label=LABEL, folders=f"{SHARED} {CONFIGURATION} {KEYS}")
    image = f"sessionlab/lesson-sshfs:{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    try:
        sandbox.engine.docker("image", "inspect", image)
    except ClusterError:
        with needing("no image with sshfs could be built"), tempfile.TemporaryDirectory() as folder:
            Path(folder, "Dockerfile").write_text(text)
            sandbox.engine.docker("build", "--tag", image, folder, seconds=BUILD_SECONDS, whole=False)
    return image


def _locks(sandbox: Sandbox, first: str, second: str) -> tuple[str, str]:
    """What a second process in the first container, and one in the second, get of a lock held there."""
    file, sign = f"{SHARED}/lock", "/held"
    sandbox.python(first, "lock", "hold", file, sign, detach=True)
    deadline = time.monotonic() + HOLD_SECONDS
    while sandbox.read(first, sign) is None:
        if time.monotonic() > deadline:
            raise ClusterError(f"no process in {first} got a lock on {file} within {HOLD_SECONDS:.0f} s")
    beside, elsewhere = (sandbox.python(who, "lock", "try", file).strip() for who in (first, second))
    return beside, elsewhere
