"""Command `driftloop predict`: the champion's predictions for a window or a span, into the log, a folder or a table."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from driftloop.pipelines.commands.options import Moment, config_argument, json_option, now_option, only_json
from driftloop.pipelines.runtime.terminal import say, say_json, shown


@click.command()
@config_argument
@json_option
@now_option
@click.option("--from", "start", type=Moment(), help="Start of the span to score (ISO 8601; UTC without an offset).")
@click.option("--to", "end", type=Moment(), help="End of the span to score; rows at this time are not in it.")
@click.option(
    "--out",
    help="Where to write instead of the prediction log: a folder, or the URL of a database (postgres://, duckdb://).",
)
@click.option("--table", help="Table of that database, or schema.table; it is created if it does not exist.")
@click.option("--replace", is_flag=True, help="Score rows again that the output has.")
def predict(
    config: Path,
    as_json: bool,
    now: datetime | None,
    start: datetime | None,
    end: datetime | None,
    out: str | None,
    table: str | None,
    replace: bool,
) -> None:
    """Score the newest window, or the span from --from to --to, with the champion.

    Checks use the logged predictions instead of scoring again. A second run for the same span and version scores only
    rows that arrived since. `predictions.path` sets the folder of the log.

    With --out, predictions go to parquet files in a folder, one partition per day, or to a table, by `columns.id`. The
    same command continues a run that was interrupted. Quote a URL with ${NAME}: it is filled from the environment.
    """
    span = _span(now, start, end)
    if out is None and (table or replace):
        raise click.UsageError(f"{'--table' if table else '--replace'} needs --out")
    with only_json(as_json), shown():
        from driftloop.pipelines.operations import functions

        done = functions.predict(config, now=now, span=span, out=out, table=table, replace=replace)
    if as_json:
        say_json(done.model_dump_json())
        return
    place = done.output or "the log"
    before = f", {done.rows - done.scored:,} already in {place}" if done.rows > done.scored else ""
    say(f"{done.model}  {done.window}  {done.rows:,} rows: {done.scored:,} scored by version {done.version}{before}")
    if done.reason:
        say(f"nothing to score: {done.reason}")
    for note in done.notes:
        say(f"note: {note}")
    if done.file:
        say(f"logged: {done.file}")
    if done.output and done.scored:
        say(f"written: {done.output}")


def _span(now: datetime | None, start: datetime | None, end: datetime | None) -> tuple[datetime, datetime] | None:
    if start is None and end is None:
        return None
    if start is None or end is None:
        raise click.UsageError("--from and --to are given together")
    if now is not None:
        raise click.UsageError("--now is for the newest window; a span has --from and --to")
    if start >= end:
        raise click.UsageError(f"--from must be before --to, found {start.isoformat()} and {end.isoformat()}")
    return start, end
