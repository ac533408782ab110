"""Command `driftloop status`: all models, one line each, once or refreshed."""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from threading import Event

import click

from driftloop.pipelines.commands.options import json_option, only_json, state_of
from driftloop.pipelines.runtime.terminal import say, say_drawn, say_json


@click.command()
@click.argument("model", required=False)
@json_option
@click.option("--watch", is_flag=True, help="Refresh until interrupted.")
@click.option(
    "--every",
    type=click.FloatRange(min=0.1),
    default=5.0,
    show_default=True,
    help="Seconds between refreshes, with --watch.",
)
def status(model: str | None, as_json: bool, watch: bool, every: float) -> None:
    """Show each model: champion, age, last check, drift, loss, last retrain.

    MODEL: its name, or its YAML. The reason of the last verdict is shown below a model that failed, was held or
    rejected; with MODEL always.
    """
    from driftloop.pipelines.config.project import load
    from driftloop.pipelines.operations.status import collect
    from driftloop.pipelines.runtime import home

    if watch and as_json:
        raise click.UsageError("--json prints one object and exits: omit --watch")
    if model is not None and state_of(model):
        model = load(model).model
    home.prepare()
    if not watch:
        with only_json(as_json):
            rows = collect(model)
        if as_json:
            say_json({"models": rows})
        else:
            say_drawn(_text(rows, whole=model is not None))
        return
    # Not by KeyboardInterrupt: raised within a library's clean-up it would be swallowed, and the watch would continue.
    ended = Event()
    signal.signal(signal.SIGINT, lambda *_: ended.set())
    while not ended.is_set():
        text = _text(collect(model), whole=model is not None)
        click.clear()
        say_drawn(f"{text}\n{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC, every {every:g} s, Ctrl-C ends")
        ended.wait(every)
    say("")


def _text(rows: list[dict[str, object]], *, whole: bool) -> str:
    """Return the table, and the path of the site."""
    from driftloop.pipelines.operations.status import as_table
    from driftloop.pipelines.runtime.tables import screen
    from driftloop.pipelines.site.writing import index

    table = as_table(rows, whole=whole, on=screen())
    return f"{table}\nsite: {index()}" if rows and index().is_file() else table
