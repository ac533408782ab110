"""Task types: what follows from `task` in a YAML, for every one of them."""

from __future__ import annotations

from typing import get_args

import pytest

from driftloop.monitoring.losses import LOSSES
from driftloop.monitoring.tasks import TASKS, Task
from tests.judged import monitored


def test_every_task_is_registered() -> None:
    """What a YAML may name has an object, under its own name."""
    assert tuple(TASKS) == get_args(Task)
    assert all(TASKS[name].name == name for name in TASKS)


@pytest.mark.parametrize("task", TASKS)
def test_the_default_loss_fits(task: Task) -> None:
    """A config without a loss has one that fits its task."""
    assert task in LOSSES[TASKS[task].default_loss].tasks
    assert monitored(task=task).loss.loss == TASKS[task].default_loss


@pytest.mark.parametrize("task", TASKS)
def test_settings_of_the_target_belong_together(task: Task) -> None:
    """Classes are read as text and scored as categories, numbers are numbers; only classes can be all known."""
    one = TASKS[task]
    assert (one.target == "categorical") == (one.reads == "text") == one.has_classes
    assert one.has_classes or not one.closed
    assert monitored(task=task).reading.types["y"] == one.reads
