"""Tasks of the flows, whose arguments Prefect does not search.

Prefect searches each argument of a task for results of other tasks, twice, through every field of a config and a
profile: a tenth of a check's processor time. Here it looks at the argument itself, which links the tasks as before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from prefect import Task
from prefect.utilities.annotations import opaque

P = ParamSpec("P")
R = TypeVar("R")


class Step(Task[P, R]):
    """A task that may be called with the result or the future of another, but with no future inside of a value."""

    # Prefect's own overloads stay those that callers are checked by.
    if not TYPE_CHECKING:

        def __call__(self, *args, return_state=False, wait_for=None, **more):
            given, named = [opaque(each) for each in args], {name: opaque(each) for name, each in more.items()}
            return super().__call__(*given, return_state=return_state, wait_for=wait_for, **named)


def step(**settings: Any) -> Callable[[Callable[P, R]], Task[P, R]]:
    """Make a function a task with these settings, which are those of Prefect's `task`."""

    def make(function: Callable[P, R]) -> Task[P, R]:
        return Step(function, **settings)

    return make
