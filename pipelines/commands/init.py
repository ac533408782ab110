"""Command `driftloop init`: commented config from a data file or a table."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from driftloop.monitoring import formats
from driftloop.pipelines.commands.options import json_option, only_json
from driftloop.pipelines.runtime.terminal import say, say_json, shown

if TYPE_CHECKING:
    from driftloop.monitoring.records import Check
    from driftloop.pipelines.init import Proposal


@click.command()
@click.argument("data", nargs=-1, required=True, metavar="DATA")
@click.option("--table", help="Name of the table, if DATA is a database URL.")
@click.option(
    "--format",
    "file_format",
    type=click.Choice([*formats.NAMES, "delta", "iceberg"]),
    help="Format of the files. Default: from their file name extension, or from a folder `_delta_log` in DATA. "
    "`delta` takes the URL of a table, `iceberg` its name in the default catalog of pyiceberg.",
)
@click.option("--model", help="Name of the model. Default: the name of the file.")
@click.option("--target", help="Column to predict; guessed if not given.")
@click.option("--time", help="Time column; guessed if not given.")
@click.option("--time-format", help="Format of its times, if not ISO 8601: '%d.%m.%Y %H:%M'. Guessed if not given.")
@click.option("--labels", help="File, pattern or database URL of the labels, if they are in a table of their own.")
@click.option("--labels-table", help="Name of their table, if --labels is a database URL.")
@click.option(
    "--predictions", help="File, pattern or database URL of the predictions of a model elsewhere: nothing is trained."
)
@click.option("--predictions-table", help="Name of their table, if --predictions is a database URL.")
@click.option("--prediction", help="Column with the prediction in that table; guessed if not given.")
@click.option("--notify", "urls", multiple=True, help="URL for notifications, as apprise writes them; may be repeated.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Path of the YAML to write. Default: MODEL.yaml")
@click.option("--replay", is_flag=True, help="Then check the whole history, window by window, and write the site.")
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
@json_option
def init(data: tuple[str, ...], replay: bool, as_json: bool, **asked: Any) -> None:
    """Write a commented config from a data file, several of them, or a table.

    It reads the columns and the history, and proposes types, target, time column, label delay and windows. Read the
    config before the first `driftloop check`.
    """
    from driftloop.monitoring.errors import listed

    if len(data) > 1:
        raise click.UsageError(
            f"{len(data)} arguments: {listed(data, 3)}. Quote a pattern of several files, otherwise the shell "
            "replaces it by their names: driftloop init 'FOLDER/*.csv'"
        )
    with only_json(as_json), shown():
        from driftloop.pipelines import init as proposing

        proposal = proposing.propose(data[0], **asked)
    if as_json:
        with only_json(as_json), shown():
            result = _as_object(proposal, replay)
        say_json(result)
        return
    say(f"wrote {proposal.file}: {proposal.summary}")
    for note in proposal.notes:
        say(f"  {note}")
    if replay:
        with shown():
            checks, place = _replay(proposal.file, proposal.now)
        say(_table(checks))
        say(f"site: {place}")
        say(f"next: read {proposal.file}; `driftloop serve {proposal.file}` checks new rows on its schedule")
        return
    _say_next(proposal, bool(asked["urls"]))


def _say_next(proposal: Proposal, notifies: bool) -> None:
    say("next: read it, then")
    file = shlex.quote(str(proposal.file))
    first = "trains the first champion on the rows before" if proposal.trains else "its version becomes the champion"
    say(f"  driftloop check {file} --now {proposal.first}   # {first}")
    say(f"  driftloop check {file} --now {proposal.now}   # checks the newest rows")
    if notifies:
        say(f"  driftloop notify --test {file}   # sends a test notification")
    say(f"  driftloop serve {file}   # checks new rows on the schedule of the config")


def _as_object(proposal: Proposal, replay: bool) -> dict[str, Any]:
    """Return the written file, its validation as of its newest rows, and with `replay` every check of the history."""
    from driftloop.pipelines.config.project import load
    from driftloop.pipelines.operations import validation

    result = validation.validate(load(proposal.file), _moment(proposal.now))
    checks, place = _replay(proposal.file, proposal.now) if replay and not result.exit_code else ([], None)
    return {
        "file": str(proposal.file),
        "summary": proposal.summary,
        "notes": list(proposal.notes),
        "first": proposal.first,
        "now": proposal.now,
        "validation": result.model_dump(mode="json"),
        "checks": [check.model_dump(mode="json") for check in checks],
        "site": str(place) if place else None,
    }


def _replay(file: Path, last: str) -> tuple[list[Check], Path]:
    """Check the history of a new config up to `last`; return the checks and the place of the site."""
    from driftloop.pipelines import site
    from driftloop.pipelines.config.project import load
    from driftloop.pipelines.operations.replaying import moments, replay
    from driftloop.pipelines.runtime import home
    from driftloop.pipelines.site.writing import index

    home.belong_to([file])
    project = load(file)
    checks = list(replay(project, moments(project, _moment(last))))
    site.write_all()
    return checks, index()


def _table(checks: list[Check]) -> str:
    from driftloop.pipelines.operations.replaying import table

    return table(checks)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
