"""The set-up's choice of a mirror and of network settings out of what apt says."""

from setup import apt

SECURITY = "Debian|Debian-Security|main|http://mirror.example/debian-security/"
THIRD_PARTY = "Docker|Docker CE|stable|http://third.example/debian/"
CONTRIB = "Debian|Debian|contrib|http://contrib.example/debian/"
MAIN = "Debian|Debian|main|http://mirror.example/debian/"


def test_mirror_is_debians_main_archive_when_others_come_first() -> None:
    assert apt.choose_mirror([SECURITY, THIRD_PARTY, CONTRIB, MAIN]) == "http://mirror.example/debian"


def test_mirror_is_none_when_the_host_uses_no_debian_archive() -> None:
    assert apt.choose_mirror(["Ubuntu|Ubuntu|main|http://ubuntu.example/ubuntu/", SECURITY]) is None


def test_mirror_is_none_when_apt_says_nothing() -> None:
    assert apt.choose_mirror([]) is None


def test_mirror_ignores_a_line_that_is_cut_off() -> None:
    assert apt.choose_mirror(["Debian|Debian|main", ""]) is None


def test_options_carry_over_proxies_and_clock_settings() -> None:
    proxy = 'Acquire::http::Proxy "http://proxy.example:3128";'
    clock = 'Acquire::Check-Valid-Until "false";'
    assert apt.choose_options(["Acquire;", 'Acquire::cdrom::mount "/media";', proxy, clock]) == [proxy, clock]


def test_options_leave_out_empty_settings() -> None:
    assert apt.choose_options(['Acquire::http::Proxy "";']) == []
