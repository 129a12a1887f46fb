"""A property-based fuzzer over every placement, from nothing but the document that the service serves.

Each answer is held against the document: its status, media type, schema and headers, no 5xx, what is
malformed refused, what is well-formed taken, and no use of a session without its credential.
`FUZZ_EXAMPLES` sets how many examples a placement gets; the choice of them is the same each time.
"""

import os
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode, Response
from schemathesis.generation.stateful.state_machine import RecordingStateMachine
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.contract.conftest import redis_url, service, services
from tests.contract.running import Service

__all__ = ["redis_url", "service", "services"]

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "1000"))
"""Two placements a service: 2,000 examples a service."""
SEQUENCES = EXAMPLES // 5
STEPS = 5
SECONDS = 30
TRIES = 5
REFUSABLE = ["2xx", "304", "401", "404", "409", "412", "413"]
"""One that the document allows may still meet an ended session, another version, a gap, a full token."""


Operation = APIOperation[Any, Any, Any, Any]


@dataclass
class Member:
    """Whose requests they are: holds the credential as a browser does, but keeps it beyond its end."""

    service: Service
    credential: str = ""
    ended: bool = False
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)

    def open(self) -> None:
        opened = requests.post(f"{self.service.url}/session", timeout=SECONDS)
        assert opened.ok, opened.text
        self.credential, self.ended = opened.cookies[self.service.cookie], False

    def forget(self) -> None:
        self.credential, self.ended = "", False

    def send(self, case: Case[Any], **more: Any) -> Response:
        """The answer; 503 only where it stays 503: on a busy machine a store may be late."""
        for _ in range(TRIES):
            answer = case.call(**more)
            if answer.status_code != 503:
                break
            time.sleep(float(answer.headers["retry-after"][0]))
        self.answers[case.operation.label, answer.status_code] += 1
        return answer

    def heed(self, case: Case[Any], answer: Response) -> None:
        """Hold what the answer gives, and remember whether it ended the session."""
        if case.operation.label == "DELETE /session" and answer.status_code == 204:
            self.ended = True
            if self.service.name == "token":  # a token that somebody kept opens on, which is documented
                self.forget()
        for cookie in answer.headers.get("set-cookie", ()):
            value = cookie.partition(";")[0].partition("=")[2]
            if value:
                self.credential, self.ended = value, False


class Sequence(RecordingStateMachine):
    """Requests of one member, each led to by the answer to an earlier one."""

    member: ClassVar[Member]
    begun: ClassVar[Counter[str]]

    def setup(self) -> None:
        self.begun["sequences"] += 1
        self.member.open()

    def call(self, case: Case[Any], **kwargs: Any) -> Response:
        return self.member.send(case, **kwargs)

    def after_call(self, response: Response, case: Case[Any]) -> None:
        super().after_call(response, case)
        if self.member.ended and case.cookies and case.method != "DELETE":
            assert response.status_code in {401, 415, 422}, f"ended, and still of use: {case!r}"
        self.member.heed(case, response)

    def validate_response(
        self, response: Response, case: Case[Any], additional_checks: Any = None, **kwargs: Any
    ) -> None:
        case.validate_response(
            response,
            additional_checks=additional_checks,
            excluded_checks=excused(response),
            transport_kwargs=kwargs or None,
            recorder=self.recorder,
        )


@pytest.fixture
def member(service: Service) -> Member:
    return Member(service)


@pytest.fixture
def schema(service: Service, member: Member) -> Any:
    """The document, with this member's credential for what asks for one."""
    loaded = schemathesis.openapi.from_url(f"{service.url}/openapi.json", wait_for_schema=SECONDS)
    loaded.config.update(base_url=service.url, request_timeout=SECONDS)
    loaded.config.checks.positive_data_acceptance.expected_statuses = REFUSABLE

    @loaded.hook
    def map_body(_: Any, body: Any) -> Any:
        return numbered(with_whole_numbers(body))

    @loaded.auth(refresh_interval=None)
    class Cookie:
        def get(self, case: Case[Any], _: Any) -> str | None:
            return member.credential if case.operation.definition.raw.get("security") else None

        def set(self, case: Case[Any], credential: str, _: Any) -> None:
            case.cookies[service.cookie] = credential

    return loaded


def with_whole_numbers(value: Any) -> Any:
    """JSON Schema takes 2.0 for an integer; the services do not."""
    if isinstance(value, dict):
        return {key: with_whole_numbers(one) for key, one in value.items()}
    if isinstance(value, list):
        return [with_whole_numbers(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def numbered(body: Any) -> Any:
    """An upload of an even number of operations as a device would number them; the others meet gaps."""
    operations = body.get("operations") if isinstance(body, dict) else None
    if not isinstance(operations, list) or len(operations) % 2 or not all(map(is_numbered, operations)):
        return body
    return body | {"operations": [one | {"sequence": n} for n, one in enumerate(operations, 1)]}


def is_numbered(operation: Any) -> bool:
    """Not one whose number is malformed on purpose."""
    return (
        isinstance(operation, dict) and type(operation.get("sequence")) is int and operation["sequence"] > 0
    )


def excused(answer: Response) -> list[Any]:
    """A key that happens to be used twice is no fault of the request's form."""
    return [positive_data_acceptance] if b":idempotency-mismatch" in answer.content else []


def same_each_time(examples: int, **more: Any) -> settings:
    return settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        **more,
    )


def of_sessions(schema: Any) -> list[Operation]:
    operations = [result.ok() for result in schema.get_all_operations()]
    return [one for one in operations if "session" in (one.tags or ())]


def modes(operation: Operation) -> list[GenerationMode]:
    """Malformed requests too, where anything can be malformed: the name of a file can not."""
    return list(GenerationMode) if "session" in (operation.tags or ()) else [GenerationMode.POSITIVE]


def fuzz(member: Member, operation: Operation, mode: GenerationMode, count: int) -> None:
    """So many requests to one operation, well-formed or malformed, each with a session to use."""

    @same_each_time(count)
    @given(case=operation.as_strategy(generation_mode=mode))
    def one(case: Case[Any]) -> None:
        answer = member.send(case)
        case.validate_response(answer, excluded_checks=excused(answer))
        member.heed(case, answer)
        if member.ended or not member.credential:
            member.open()

    member.open()
    one()


def test_service_keeps_its_contract_whatever_one_request_is(schema: Any, member: Member) -> None:
    operations = [result.ok() for result in schema.get_all_operations()]
    kinds = [(one, mode) for one in operations for mode in modes(one)]
    varied = [one for one, _ in kinds if one.body or list(one.iter_parameters())]
    each = (EXAMPLES - SEQUENCES) // len(varied) + 1
    for operation, mode in kinds:
        fuzz(member, operation, mode, each)
    assert member.answers.total() >= EXAMPLES - SEQUENCES, member.answers
    assert {label for label, _ in member.answers} == {one.label for one in operations}


def test_service_keeps_its_contract_whatever_the_sequence_is(schema: Any, member: Member) -> None:
    machine: Any = type("Fuzz", (Sequence, schema.as_state_machine()), {"member": member, "begun": Counter()})
    machine.run(settings=same_each_time(SEQUENCES, stateful_step_count=STEPS))
    assert machine.begun["sequences"] >= SEQUENCES
    assert member.answers.total() >= SEQUENCES * STEPS // 2, member.answers
    done = {label for label, status in member.answers if status < 300}
    assert done == {operation.label for operation in of_sessions(schema)}
    assert {status for _, status in member.answers} >= {401, 412}
