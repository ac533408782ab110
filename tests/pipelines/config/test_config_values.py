"""Every value at every key of a config: it is taken and can be used, or it is refused with file and key."""

from __future__ import annotations

import json
import math
import time
import typing
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from driftloop.monitoring.drift.calibration import Chance
from driftloop.monitoring.drift.settings import ColumnDrift, Drift
from driftloop.monitoring.policies import AnyGuard, AnyTrigger, Trigger
from driftloop.monitoring.records import History, Learned
from driftloop.monitoring.settings.section import Section
from driftloop.monitoring.windows import current_window, labelled_window, training_window
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.config.refusal import config_error
from driftloop.pipelines.config.schedule import On
from driftloop.pipelines.config.search import Search
from driftloop.pipelines.config.timing import due_after, last_due
from driftloop.pipelines.flows.search import draw
from driftloop.pipelines.gate import mean_difference
from tests import streams
from tests.signals import NOW, past, signals

FILE = Path("m.yaml")
NUMBERS = (-1, 0, 1, 2, 1e-308, 1e-6, 1e6, 1e308, -1e308, math.inf, -math.inf, math.nan, 10**12, 10**30, -(10**400))
TEXTS = ("", " ", "x" * 200_000, "a\nb", "\x1b[31m", "0d", "0.000001s", "36525d", "36526d", "9" * 200 + "d", "\u0661d")
OTHERS: tuple[Any, ...] = (None, True, [], [[]], {}, {"a": 1}, {1: 2}, b"x", {1, 2}, timedelta(days=-1), timedelta.max)
VALUES = (*NUMBERS, *TEXTS, *OTHERS)
POLICIES = [kind for union in (AnyTrigger, AnyGuard) for kind in typing.get_args(typing.get_args(union)[0])]


def keys(kind: type[Section], place: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, field in kind.model_fields.items():
        inner = field.annotation
        yield (*place, name)
        if isinstance(inner, type) and issubclass(inner, Section):
            yield from keys(inner, (*place, name))


PLACES = [place for place in keys(Project) if place != ("file",)]
PLACES += [("schedule", "on", name) for name in On.model_fields]
PLACES += [("training", "search", name) for name in Search.model_fields]
PLACES += [("drift", "columns", "amount", name) for name in ColumnDrift.model_fields]
PLACES += [("training", "params", "any"), ("training", "search", "space", "any"), ("columns", "derived", "any")]


def read(content: dict[str, Any]) -> Project | None:
    """The project, or None where the answer names the file and a key."""
    try:
        return Project.model_validate({**content, "file": FILE})
    except ValidationError as error:
        result = str(config_error(FILE, error, Project))
        assert result.startswith("m.yaml: ")
        assert len(result) < 2000
        return None


def changed(place: tuple[str, ...], value: Any) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(json.dumps(streams.config(schedule={"on": {"poll": "5m"}})))
    at = whole
    for key in place[:-1]:
        at = at.setdefault(key, {})
    at[place[-1]] = value
    return whole


def use(project: Project) -> None:
    """What a check, a training and the service compute from numbers of the config, before they look at any row."""
    current = current_window(NOW, project.windows)
    assert labelled_window(current, project.columns.label_delay).end <= current.end
    assert training_window(current, project.columns.label_delay, project.training.window).start < current.end
    due_after(project.schedule, NOW, NOW)
    last_due(project.schedule, NOW - timedelta(days=400), NOW)
    if project.training.search is not None:
        draw(project.training.search.space, project.training.search.trials, project.training.seed)
    json.dumps(project.model_dump(mode="json"))


@pytest.mark.parametrize("place", PLACES, ids=".".join)
def test_a_value_is_used_or_refused(place: tuple[str, ...]) -> None:
    """Whatever is written at a key: nothing else is raised, and nothing hangs."""
    begun = time.thread_time()
    for value in VALUES:
        if (project := read(changed(place, value))) is not None:
            use(project)
    assert time.thread_time() - begun < 30


@pytest.mark.parametrize("kind", POLICIES, ids=lambda kind: kind.model_fields["policy"].default)
def test_a_policy_that_is_taken_judges(kind: type[Any]) -> None:
    """Whatever number a policy is given and whatever the loss was, it votes, and reports it as text and in JSON."""
    name = kind.model_fields["policy"].default
    never = {"policy": "never"}
    whole = {"triggers": [never], "trigger": never, "days": 7, "max_age_days": 7, "retrains": 2, "rows": 9}
    needed = {key: whole[key] for key, field in kind.model_fields.items() if field.is_required() and key in whole}
    places = [key for key in kind.model_fields if key not in {"policy", "triggers", "trigger"}]
    observed = [signals(loss=loss, gap=gap) for loss in (8.0, 0.0, 5e-324, 1e300) for gap in (None, 2.0)]
    observed += [one.model_copy(update={"learned": Learned(batch_loss=5e-324, age_gap=(0.0, 1.0))}) for one in observed]
    for key in places:
        for value in VALUES:
            given = {"retrain": value} if key == "cost" else value
            try:
                made = TypeAdapter(AnyTrigger | AnyGuard).validate_python({"policy": name, **needed, key: given})
            except ValidationError:
                continue
            for one in observed:
                for history in (History(), past(8.0, 0.0, 1e300), past(*[8.0] * 50)):
                    vote = made.judge(one, history, NOW)
                    assert json.loads(vote.model_dump_json())["policy"] == name
                    assert not isinstance(made, Trigger) or made.wants_probe(one, history, NOW) in {True, False}


def numbers(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for owner, part in {"": schema, **schema["$defs"]}.items():
        for name, field in part.get("properties", {}).items():
            for one in (field, *field.get("anyOf", [])):
                if one.get("type") in {"integer", "number"}:
                    yield f"{owner}.{name}", one


def test_every_number_has_two_ends() -> None:
    """A new key without limits fails here: a number of any size is a loop, an array or a date of any size."""
    found = dict(numbers(Project.model_json_schema()))
    assert len(found) > 40
    for name, one in found.items():
        if name in {"Rule.min", "Rule.max", "Rule.levels"}:  # compared with values of a column, which may have any size
            continue
        assert one.keys() & {"minimum", "exclusiveMinimum"}, name
        assert one.keys() & {"maximum", "exclusiveMaximum"}, name


def test_the_ends_themselves_can_be_computed() -> None:
    """The largest and the smallest that are taken, where they size an array or a loop."""
    mean_difference(np.random.default_rng(0).normal(size=500), 1 - 1e-12, 100_000, 2**31 - 1)
    for seed in (0, 2**31 - 1):
        Chance((seed, 500, 500))
    assert Drift(false_alarm_rate=1e-9, seed=2**31 - 1).false_alarm_rate == 1e-9
