"""Arguments and options shared by several commands, and `--json`: one object on stdout."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click


class Moment(click.ParamType[datetime]):
    """Type of an ISO 8601 time; UTC without an offset."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(
                f"{value!r} is not a valid time; expected ISO 8601 such as 2026-01-31 or 2026-01-31T06:00+01:00",
                param,
                ctx,
            )
        if not 1900 <= moment.year <= 2200:
            self.fail(f"{value!r} is out of range; expected a year from 1900 to 2200", param, ctx)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


class Duration(click.ParamType[timedelta]):
    """Type of a positive duration such as 5m or 1d12h."""

    name = "span"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        from driftloop.monitoring.settings.durations import parse_duration

        if isinstance(value, timedelta):
            return value
        try:
            duration: timedelta = parse_duration(value)
        except ValueError:
            self.fail(f"{value!r} is not a valid duration; expected for example 5m or 12h", param, ctx)
        if not duration:
            self.fail("duration must be positive", param, ctx)
        return duration


def _with_state(_: click.Context, __: click.Parameter, value: Path | tuple[Path, ...]) -> Path | tuple[Path, ...]:
    """Use the state folder of the configs before anything is read from it."""
    from driftloop.pipelines.runtime import home

    home.belong_to(value if isinstance(value, tuple) else [value])
    return value


def state_of(model: str) -> bool:
    """Return whether a model is named by its YAML; if so, use the state folder of that file."""
    from driftloop.pipelines.runtime import home

    if not model.endswith((".yaml", ".yml")):
        return False
    home.belong_to([Path(model)])
    return True


config_argument = click.argument("config", type=click.Path(path_type=Path), callback=_with_state)
configs_argument = click.argument(
    "configs", nargs=-1, required=True, type=click.Path(path_type=Path), callback=_with_state
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object on stdout; logs go to stderr."
)
now_option = click.option(
    "--now", type=Moment(), help="Evaluate as of this time (ISO 8601; UTC unless an offset is given)."
)


@contextmanager
def only_json(wanted: bool) -> Iterator[None]:
    """Redirect stdout to stderr with --json, so that output of a training function cannot mix with the object."""
    if not wanted:
        yield
        return
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
