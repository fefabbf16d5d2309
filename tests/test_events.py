"""Events reach whoever listens, and nothing is made while nobody does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hologram import events
from hologram.events import Category, Event


@pytest.fixture
def heard() -> Iterator[list[Event]]:
    found: list[Event] = []
    events.listen(found.append)
    yield found
    events.leave(found.append)


def test_nothing_is_told_while_nobody_listens() -> None:
    assert not events.listeners
    assert events.start() == 0
    events.tell(Category.COPY, "nobody", events.start(), bytes=1)


def test_a_listener_hears_spans_with_facts(heard: list[Event]) -> None:
    events.tell(Category.COPY, "array", events.start(), bytes=8)
    (event,) = heard
    assert (event.category, event.name, event.facts) == (Category.COPY, "array", {"bytes": 8})
    assert event.nanoseconds >= 0


def test_what_began_before_anyone_listened_is_not_told() -> None:
    start, found = events.start(), list[Event]()
    events.listen(found.append)
    events.tell(Category.COPY, "array", start, bytes=8)
    events.leave(found.append)
    assert found == []


def test_the_span_of_a_launch_is_that_of_its_code(heard: list[Event]) -> None:
    begin = events.begin_launch()
    assert events.span_of_launch(begin)[0] == begin
    start = events.start()
    events.ran(start)
    assert events.span_of_launch(begin)[0] == start > begin
    assert events.span_of_launch(events.begin_launch())[0] > start
