"""Command `driftloop adopt`: registers a model that exists already and makes it the champion."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from driftloop.pipelines.commands.options import Moment, config_argument, json_option, now_option, only_json
from driftloop.pipelines.runtime.terminal import say, say_json, shown


class Span(click.ParamType[tuple[datetime, datetime]]):
    """Type of FROM..TO; a day as TO is included."""

    name = "FROM..TO"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[datetime, datetime]:
        if isinstance(value, tuple):
            return value
        parts = [part.strip() for part in str(value).split("..")]
        if len(parts) != 2 or not all(parts):
            self.fail(f"{value!r} is not a span; expected FROM..TO such as 2026-01-01..2026-06-30", param, ctx)
        start, end = (Moment().convert(part, param, ctx) for part in parts)
        end += timedelta(days=1) if len(parts[1]) == len("2026-06-30") else timedelta()
        if start >= end:
            self.fail(f"{value!r} ends before it starts", param, ctx)
        return start, end


@click.command()
@config_argument
@click.argument("uri")
@click.option(
    "--trained-on",
    type=Span(),
    metavar="FROM..TO",
    help="Time span of the rows that the model was trained on: its reference. A day as TO is included.",
)
@click.option(
    "--tracking-uri",
    metavar="URI",
    help="MLflow server or database that has the model, if it is not the one in which driftloop records.",
)
@json_option
@now_option
def adopt(
    config: Path,
    uri: str,
    trained_on: tuple[datetime, datetime] | None,
    tracking_uri: str | None,
    as_json: bool,
    now: datetime | None,
) -> None:
    """Make an existing model the champion, without a training.

    URI is an MLflow model: models:/churn/7, models:/churn@prod, runs:/RUN/PATH, or a folder. It is tried on rows of the
    source, and refused with the reason if it does not fit the config.
    """
    with only_json(as_json), shown():
        from driftloop.pipelines.operations import functions

        result = functions.adopt(config, uri, trained_on=trained_on, tracking_uri=tracking_uri, now=now)
    if result.site:
        say(result.site, err=True)
    if as_json:
        say_json(result.model_dump_json())
    else:
        from driftloop.pipelines.operations.words import format_adoption
        from driftloop.pipelines.runtime.tables import screen

        say(format_adoption(result, config, screen()))
