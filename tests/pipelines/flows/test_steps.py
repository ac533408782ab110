"""A step gets what it is called with, the same objects; Prefect does not search it."""

from __future__ import annotations

from typing import Any

import pytest
from prefect import flow
from prefect.cache_policies import NO_CACHE

from driftloop.pipelines.flows.steps import step


def test_a_step_gets_the_objects_that_it_is_called_with(prefect: None) -> None:
    """Positional, named and default arguments arrive as they are, and the state is given on request."""
    given, named = [{"deep": [1, 2]}], {"more": ({3},)}
    arrived: list[Any] = []

    @step(name="look", cache_policy=NO_CACHE)
    def look(first: Any, second: Any, third: int = 3) -> int:
        arrived.extend([first, second, third])
        return third

    @flow
    def run() -> tuple[int, int]:
        state = look(given, second=named, return_state=True)
        return look(given, second=named, third=4), state.result()

    assert run() == (4, 3)
    assert arrived[0] is given
    assert arrived[1] is named
    assert (arrived[2], arrived[5]) == (3, 4)


def test_prefect_does_not_search_the_arguments(prefect: None) -> None:
    """No field of an argument is read before the function begins."""
    reads: list[str] = []

    class Watched(dict[str, int]):
        def items(self) -> Any:
            reads.append("items")
            return super().items()

        def keys(self) -> Any:
            reads.append("keys")
            return super().keys()

    @step(name="count", cache_policy=NO_CACHE)
    def count(of: dict[str, int]) -> int:
        return len(reads)

    @flow
    def run() -> int:
        return count(Watched(a=1))

    assert run() == 0


def test_an_error_of_a_step_is_the_flows(prefect: None) -> None:
    """It goes through as it was raised, and the settings of a task hold: it is tried again as often as they state."""
    tries: list[int] = []

    @step(name="fails", retries=2, retry_delay_seconds=0, cache_policy=NO_CACHE)
    def fails(value: list[int]) -> None:
        tries.append(len(value))
        raise ValueError("it fails")

    @flow
    def run() -> None:
        fails([1, 2])

    with pytest.raises(ValueError, match="it fails"):
        run()
    assert tries == [2, 2, 2]
