"""Whoever checks many runs in a row has looked up once what they read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from latentgraph.graph.access import AccessError, Fetch, FileAccess, Resource, resolved


class Away:
    """A download that nobody begins."""

    description = "a model"

    def announcement(self) -> str:
        """What it is."""
        return "a model, 1 byte"

    def run(self, progress: Callable[[int, int], None]) -> None:
        """Not in this test."""
        raise AssertionError


@dataclass(eq=True)
class Reading:
    """Notes what it was asked for; as others' markers may, it has no hash."""

    fetch: Fetch | None = None
    asked: list[str] = field(default_factory=list)

    def resolve(self, written: str, access: FileAccess, *, given: bool) -> Resource:
        """What was written, unless it is not there."""
        self.asked.append(written)
        if written == "none":
            raise AccessError("there is no 'none'")
        return Resource(written, self._digest, self.fetch)

    def _digest(self) -> str:
        self.asked.append("digest")
        return "d"


def test_it_is_looked_up_and_digested_once_where_that_was_asked_for() -> None:
    for seen, asked in ((None, ["a", "digest"] * 2), ({}, ["a", "digest"])):
        reading, access = Reading(), FileAccess(seen=seen)
        for _ in range(2):
            resource = resolved(reading, "a", access, given=True)
            assert (resource.value, resource.digest()) == ("a", "d")
        assert reading.asked == asked


def test_what_is_not_there_yet_is_looked_up_again() -> None:
    away = Reading(Away())
    access = FileAccess(seen={})
    for _ in range(2):
        assert resolved(away, "a", access, given=True).fetch is not None
        with pytest.raises(AccessError):
            resolved(away, "none", access, given=True)
    assert away.asked == ["a", "none"] * 2


def test_what_a_file_says_and_what_the_user_gave_are_two_things() -> None:
    reading, access = Reading(), FileAccess(seen={})
    for given in (True, False):
        resolved(reading, "a", access, given=given)
    assert reading.asked == ["a", "a"]
