"""Too much of everything, sent to the running services: a clean refusal, and the next request is served.

Where the request reaches the application its refusal is a problem document; what the HTTP server cannot
read it refuses itself, with a status and nothing else.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.adversarial.raw import RawAnswer, request, send
from tests.contract.exchange import INTERNAL, read
from tests.contract.running import Client, Service

KIB = 1024
MIB = 1024 * KIB
JSON = "Content-Type: application/json"
MEMORY_GROWTH = 64 * MIB


pytestmark = pytest.mark.usefixtures("alive")


@pytest.fixture
def memory(services: dict[str, Service]) -> Service:
    """One service; what is tested with it alone is in front of any store."""
    return services["memory"]


def expect_refusal(answer: RawAnswer, *statuses: int) -> None:
    assert answer.status in statuses, answer
    if answer.body:
        assert answer.problem["status"] == answer.status
        assert not INTERNAL.search(answer.body.decode())


# Heads of requests


@pytest.mark.parametrize("size", [8 * KIB, 64 * KIB, 256 * KIB])
def test_header_line_that_means_nothing_is_passed_over(memory: Service, size: int) -> None:
    assert send(memory, request("GET /healthz", f"X: {'a' * size}")).status == 200


@pytest.mark.parametrize("size", [MIB, 16 * MIB])
def test_header_line_without_bounds_is_431(memory: Service, size: int) -> None:
    expect_refusal(send(memory, request("GET /healthz", f"X: {'a' * size}")), 431)


@pytest.mark.parametrize("number", [200, 20_000])
def test_header_lines_without_number_are_431(memory: Service, number: int) -> None:
    expect_refusal(send(memory, request("GET /healthz", *(f"X{i}: a" for i in range(number)))), 431)


@pytest.mark.parametrize("size", [8 * KIB, 64 * KIB])
def test_cookie_that_is_far_too_long_is_401(service: Service, size: int) -> None:
    answer = send(service, request("GET /session", f"Cookie: {service.cookie}={'a' * size}"))
    expect_refusal(answer, 401)
    assert answer.problem["type"].endswith("credential-invalid")


def test_session_is_served_with_a_thousand_other_cookies_beside_its_own(
    member: Client, service: Service
) -> None:
    own = f"{service.cookie}={member.jar.cookies[service.cookie]}"
    others = "; ".join(f"c{i}={i}" for i in range(1000))
    answer = send(service, request("GET /session", f"Cookie: {others}; {own}"))
    assert answer.status == 200


@pytest.mark.parametrize("size", [8 * KIB, 60 * KIB])
def test_path_that_leads_nowhere_is_404(memory: Service, size: int) -> None:
    assert send(memory, request(f"GET /{'a' * size}")).problem["status"] == 404


@pytest.mark.parametrize("size", [8 * KIB, 60 * KIB])
def test_query_that_means_nothing_is_passed_over(memory: Service, size: int) -> None:
    assert send(memory, request(f"GET /session?{'a' * size}")).problem["status"] == 401


@pytest.mark.parametrize("target", ["/{}", "/session?{}", "/session/items/{}"])
@pytest.mark.parametrize("size", [80 * KIB, 2 * MIB])
def test_target_without_bounds_is_refused(memory: Service, target: str, size: int) -> None:
    expect_refusal(send(memory, request(f"GET {target.format('a' * size)}")), 414, 431)


@pytest.mark.parametrize(
    "data",
    [
        b"tea\r\n\r\n",
        b"\0" * 1000 + b"\r\n\r\n",
        b"GET /session HTTP/9.9\r\n\r\n",
        b"GET /session\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /session HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n",
        b"GET /session HTTP/1.1\r\nHost: x\r\nX y: a\r\n\r\n",
        *(
            b"POST /session HTTP/1.1\r\nHost: x\r\nContent-Length: " + length + b"\r\n\r\n{}"
            for length in (b"-1", b"+2", b"0x2", b"two", b"2, 3", b"", b"9" * 30, b"2\r\nContent-Length: 3")
        ),
    ],
)
def test_what_is_no_http_is_400(memory: Service, data: bytes) -> None:
    expect_refusal(send(memory, data), 400)


def test_method_that_there_is_not_is_405(memory: Service) -> None:
    assert send(memory, request(f"{'TEA' * 1000} /session")).problem["status"] == 405


# Bodies


def test_body_that_is_announced_to_be_too_large_is_413_before_it_is_sent(
    member: Client, service: Service
) -> None:
    cookie = f"Cookie: {service.cookie}={member.jar.cookies[service.cookie]}"
    for length in (16 * KIB + 1, 10**9, 2**63 - 1):
        announced = request("PUT /session/items/a1", cookie, JSON, f"Content-Length: {length}")
        assert send(service, announced).problem["status"] == 413
    assert read(member)["version"] == 1


def test_bytes_behind_the_content_length_are_no_part_of_the_body(member: Client, service: Service) -> None:
    cookie = f"Cookie: {service.cookie}={member.jar.cookies[service.cookie]}"
    body = b'{"name": "tea", "quantity": 1}'
    short = request("PUT /session/items/a1", cookie, JSON, f"Content-Length: {len(body) - 1}", body=body)
    assert send(service, short).problem["status"] == 422
    assert read(member)["version"] == 1


def peak_memory(service: Service) -> int:
    """The most that the service's processes have had in memory, in bytes."""
    processes = [
        status.read_text()
        for status in Path("/proc").glob("[0-9]*/status")
        if _group(int(status.parent.name)) == service.process.pid
    ]
    assert len(processes) >= 2, "the server and its worker"
    return sum(int(text.partition("VmHWM:")[2].split()[0]) * KIB for text in processes)


def _group(process: int) -> int | None:
    try:
        return os.getpgid(process)
    except ProcessLookupError:
        return None


def test_memory_of_a_service_is_bounded_when_far_too_much_is_sent(memory: Service) -> None:
    before = peak_memory(memory)
    much = b" " * (32 * MIB)
    floods = [
        request("POST /session", JSON, f"Content-Length: {len(much)}", body=much),
        request("POST /session", JSON, "Transfer-Encoding: chunked", body=b"%x\r\n" % len(much) + much),
        request("GET /session", f"X: {much.decode()}"),
        request(f"GET /{'a' * len(much)}"),
    ]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda flood: send(memory, flood), floods * 4))
    assert {answer.status // 100 for answer in answers} == {4}
    assert peak_memory(memory) - before < MEMORY_GROWTH
