"""Lessons, one after the other, each in a sandbox of its own."""

import time
from collections.abc import Iterable, Iterator
from typing import Any

from chaos.engine import Engine
from chaos.lessons.lesson import Lesson, NotObservable, Outcome
from chaos.lessons.sandbox import Sandbox


def course(lessons: Iterable[Lesson[Any]], engine: Engine) -> Iterator[Outcome]:
    """The outcome of each as soon as it is over. Raises `ClusterError` where the engine failed."""
    base = engine.base_image
    for lesson in lessons:
        yield take(lesson, engine, base)


def take(lesson: Lesson[Any], engine: Engine, base: str) -> Outcome:
    """One lesson in a sandbox that is gone afterwards, also after an error and Ctrl-C."""
    began = time.monotonic()

    def outcome(**told: Any) -> Outcome:
        seconds = time.monotonic() - began
        return Outcome(name=lesson.name, claim=lesson.claim, did=lesson.did, seconds=seconds, **told)

    try:
        with Sandbox(engine, base) as sandbox:
            seen = lesson.observe(sandbox)
    except NotObservable as reason:
        return outcome(result="unobserved", reason=str(reason))
    return outcome(result="holds" if lesson.holds(seen) else "fails", observation=seen)
