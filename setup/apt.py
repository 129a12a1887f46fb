"""Debian's package tool on this host: whether we may use it, and where it gets packages from."""

import os
import shutil
from collections.abc import Iterable, Sequence
from functools import cache

from setup.command import SetupFailed, run

# What of the host's apt settings decides whether a download works at all.
NETWORK_SETTINGS = ("::proxy", "::cainfo", "::caapath", "::verify-", "check-valid-until", "check-date")


def usable() -> bool:
    """Root on a Debian-like system: only then does the set-up install system packages."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(packages: Sequence[str]) -> None:
    """Installs those packages that are missing. Raises SetupFailed with apt's own reason."""
    missing = [name for name in packages if not installed(name)]
    if not missing:
        return
    refresh()
    options = ["-qq", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=120"]
    done = run(
        ["apt-get", "install", *options, *missing],
        seconds=900,
        extra={"DEBIAN_FRONTEND": "noninteractive"},
    )
    if not done.ok:
        raise SetupFailed(
            f"apt-get could not install {' '.join(missing)} ({done.reason}): "
            "install it by hand, then run this again"
        )


@cache
def refresh() -> None:
    """Fetches package lists, once. Its failure is not the end: one dead third-party source suffices."""
    run(["apt-get", "update", "-qq"], seconds=300)


def installed(package: str) -> bool:
    return "ok installed" in run(["dpkg-query", "-W", "-f", "${Status}", package], seconds=30).out


def known(package: str) -> bool:
    """Whether this release of the system has such a package at all."""
    return run(["apt-cache", "show", package], seconds=60).ok


def mirror() -> str | None:
    """Address of the Debian archive this host uses; None where it uses none (Ubuntu, for example)."""
    form = "$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(REPO_URI)"
    return choose_mirror(run(["apt-get", "indextargets", "--format", form], seconds=30).out.splitlines())


def choose_mirror(lines: Iterable[str]) -> str | None:
    """Address of Debian's main archive, security left out, from `origin|label|component|address` lines."""
    for line in lines:
        origin, label, component, address = (line.strip().split("|", 3) + [""] * 3)[:4]
        if (origin, label, component) == ("Debian", "Debian", "main") and address:
            return address.rstrip("/")
    return None


def network_options() -> list[str]:
    """The host's own proxy, certificate and clock settings, in apt.conf syntax."""
    return choose_options(run(["apt-config", "dump", "Acquire"], seconds=30).out.splitlines())


def choose_options(lines: Iterable[str]) -> list[str]:
    """Of `apt-config dump` lines, those that decide whether a download works, empty ones left out."""
    return [
        line.strip()
        for line in lines
        if any(word in line.lower() for word in NETWORK_SETTINGS) and not line.strip().endswith('"";')
    ]
