"""The command line: parse, call, print. Heavy parts are imported by the commands that need them."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from monitoring.records import Check

WRONG_USAGE, RETRAIN_DECIDED, FAILED = 2, 10, 1


class Commands(click.Group):
    """Turns our errors into exit codes: 2 for a wrong command or config, 1 for anything else that failed."""

    def invoke(self, ctx: click.Context) -> Any:
        from monitoring.errors import (
            BadExpression,
            ConfigError,
            DriftloopError,
            EstimatorError,
            SecretMissing,
            UnknownModel,
        )

        try:
            return super().invoke(ctx)
        except DriftloopError as error:
            usage = isinstance(error, ConfigError | UnknownModel | BadExpression | SecretMissing | EstimatorError)
            _fail(ctx, str(error), WRONG_USAGE if usage else FAILED)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            _fail(ctx, f"{type(error).__name__}: {error}", FAILED)


def _fail(ctx: click.Context, message: str, code: int) -> None:
    if "--json" in sys.argv:
        click.echo(json.dumps({"outcome": "failed", "reason": message}))
    click.echo(f"driftloop: {message}", err=True)
    ctx.exit(code)


class Moment(click.ParamType[datetime]):
    """An ISO 8601 time; UTC where it names no zone."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(
                f"{value!r} is no time; expected ISO 8601 such as 2026-01-31 or 2026-01-31T06:00+01:00", param, ctx
            )
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


config_argument = click.argument("config", type=click.Path(path_type=Path))
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object on stdout; logs go to stderr."
)
now_option = click.option("--now", type=Moment(), help="The present, for a replay (ISO 8601, UTC unless it says).")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(version("driftloop"), message="driftloop %(version)s")
def main() -> None:
    """Watch tabular models, retrain them when it is worth the cost, promote what is proven better.

    Start with `driftloop demo`, or with `driftloop init DATA` on a file of your own. State lies in .driftloop/ of the
    working folder; DRIFTLOOP_HOME moves it. Telemetry of Prefect, MLflow and Evidently is off.
    """


@main.command()
@click.argument("data")
@click.option("--table", help="DATA is a database URL; this is the table.")
@click.option("--model", help="Name of the model; from the file's name if not given.")
@click.option("--target", help="The column to predict; guessed if not given.")
@click.option("--time", help="The time column; guessed if not given.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="The YAML to write. Default: MODEL.yaml")
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
def init(
    data: str,
    table: str | None,
    model: str | None,
    target: str | None,
    time: str | None,
    output: Path | None,
    force: bool,
) -> None:
    """Write a commented config from a data file (parquet, CSV) or a table.

    It looks at the columns and proposes types, target and time column. Read what it wrote, then `driftloop check` it.
    """
    from pipelines import proposal

    made = proposal.propose(data, table=table, model=model, target=target, time=time, output=output, force=force)
    click.echo(f"wrote {made.file}: {made.said}")
    click.echo("next: read it, then")
    click.echo(f"  driftloop check {made.file} --now {made.first}   # trains the first champion on the rows before")
    click.echo(f"  driftloop check {made.file} --now {made.now}   # checks the newest rows")


@main.command()
@config_argument
@json_option
@now_option
@click.option("--dry-run", is_flag=True, help="Judge and write the report, change nothing.")
@click.option("--exit-code", is_flag=True, help="Exit with 10 when the decision was to retrain.")
def check(config: Path, as_json: bool, now: datetime | None, dry_run: bool, exit_code: bool) -> None:
    """Check one model: judge its fresh rows, retrain it if that is decided."""
    from pipelines.config import load
    from pipelines.warmup import prefect_ready

    project = load(config)
    with prefect_ready(project, now):
        from pipelines.monitoring_flow import monitoring_flow

        result = monitoring_flow(config=project, now=now, dry_run=dry_run)
    click.echo(result.model_dump_json() if as_json else _in_words(result, config))
    if exit_code and result.decision == "retrain":
        sys.exit(RETRAIN_DECIDED)


@main.command()
@config_argument
@json_option
@now_option
def retrain(config: Path, as_json: bool, now: datetime | None) -> None:
    """Train a challenger now, whatever the signals say. The gate still decides whether it takes over."""
    from pipelines.config import load
    from pipelines.warmup import prefect_ready

    project = load(config)
    with prefect_ready(project, now):
        from pipelines.retraining import retrain_now

        result = retrain_now(project, now or datetime.now(UTC))
    if as_json:
        click.echo(result.model_dump_json())
        return
    took = f"version {result.version} is champion" if result.promoted else "the champion stays"
    click.echo(f"{'PROMOTED' if result.promoted else 'REJECTED'}  {took}: {result.reason}")


@main.command()
@click.argument("model", required=False)
@json_option
def status(model: str | None, as_json: bool) -> None:
    """Each model: champion, age, last check, drift, loss, last retrain and why."""
    from pipelines import home
    from pipelines.status import as_table, collect

    home.prepare()
    rows = collect(model)
    if as_json:
        click.echo(json.dumps({"models": rows}))
    else:
        click.echo(as_table(rows))


@main.command()
@config_argument
@json_option
def rollback(config: Path, as_json: bool) -> None:
    """Make the previous champion serve again; its reference comes back with it."""
    from pipelines import home, registry
    from pipelines.config import load
    from pipelines.warmup import quiet

    project = load(config)
    home.prepare()
    quiet()
    left, serves = registry.rollback(project.model)
    if as_json:
        click.echo(json.dumps({"model": project.model, "champion": serves.number, "previous": left.number}))
    else:
        click.echo(
            f"{project.model}: version {serves.number} is champion again, with its reference; {left.number} is previous"
        )


@main.command()
@click.option("--weeks", type=click.IntRange(1, 44), default=44, show_default=True, help="How many weeks to replay.")
def demo(weeks: int) -> None:
    """A year of New York flights through the whole loop: checks, retrains, reports."""
    from pipelines.demo import run

    run(weeks)


def _in_words(check: Check, config: Path) -> str:
    """One line per signal, one verdict line, and the next step."""
    from pipelines.words import check_in_words

    return check_in_words(check, config)


if __name__ == "__main__":
    main()
