"""The command line: parse, call, print. Heavy parts are imported by the commands that need them."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from monitoring.records import Check

FAILED, WRONG_USAGE, RETRAIN_DECIDED, INTERRUPTED = 1, 2, 10, 130


class Commands(click.Group):
    """Turns errors into exit codes: 2 for a wrong command or config, 1 for anything else that failed."""

    def main(self, args: Sequence[str] | None = None, *more: Any, **named: Any) -> NoReturn:
        from monitoring.errors import (
            BadExpression,
            BeyondTime,
            ConfigError,
            DriftloopError,
            EstimatorError,
            SecretMissing,
            UnknownModel,
        )

        given = list(sys.argv[1:] if args is None else args)
        try:
            code = super().main(given, *more, **{**named, "standalone_mode": False})
        except click.ClickException as error:
            _as_json(given, error.format_message())
            error.show()
            sys.exit(error.exit_code)
        except click.Abort:
            _fail(given, "interrupted", INTERRUPTED)
        except DriftloopError as error:
            of_config = ConfigError | UnknownModel | BadExpression | SecretMissing | EstimatorError
            usage = isinstance(error, of_config | BeyondTime)
            _fail(given, str(error), WRONG_USAGE if usage else FAILED)
        except Exception as error:
            _fail(given, f"{type(error).__name__}: {error}{_kept_traceback()}", FAILED)
        sys.exit(code if isinstance(code, int) else 0)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from monitoring.errors import meant

        if args[0] in self.commands or args[0].startswith("-"):
            return super().resolve_command(ctx, args)
        there = ", ".join(sorted(self.commands))
        raise click.UsageError(f"No such command {args[0]!r}; there are {there}.{meant(args[0], self.commands)}", ctx)


def _fail(given: list[str], message: str, code: int) -> NoReturn:
    _as_json(given, message)
    click.echo(f"driftloop: {message}", err=True)
    sys.exit(code)


def _as_json(given: list[str], message: str) -> None:
    if "--json" in given:
        click.echo(json.dumps({"outcome": "failed", "reason": message}))


def _kept_traceback() -> str:
    """Keep the traceback of an error that nobody foresaw where it can be found, and say where."""
    import traceback

    from pipelines import home

    try:
        file = home.prepare() / "last_error.txt"
        file.write_text(traceback.format_exc(), "utf-8")
    except Exception:
        return ""
    return f"\n  this was not foreseen; the traceback is in {file}"


@contextmanager
def _only_json(wanted: bool) -> Iterator[None]:
    """With --json whatever anyone prints on stdout meanwhile, a training function say, goes to stderr."""
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
        if not 1900 <= moment.year <= 2200:
            self.fail(f"{value!r} is out of reach; expected a year from 1900 to 2200", param, ctx)
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
    file = shlex.quote(str(made.file))
    click.echo(f"  driftloop check {file} --now {made.first}   # trains the first champion on the rows before")
    click.echo(f"  driftloop check {file} --now {made.now}   # checks the newest rows")


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
    with _only_json(as_json), prefect_ready(project, now):
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
    with _only_json(as_json), prefect_ready(project, now):
        from pipelines import registry
        from pipelines.retraining import retrain_now

        result = retrain_now(project, now or datetime.now(UTC))
        champion = registry.aliased(project.model, registry.CHAMPION)
    if as_json:
        click.echo(result.model_dump_json())
    else:
        from pipelines.words import retrain_in_words

        click.echo(retrain_in_words(project.model, result, champion.number if champion else None))


@main.command()
@click.argument("model", required=False)
@json_option
def status(model: str | None, as_json: bool) -> None:
    """Each model: champion, age, last check, drift, loss, last retrain and why. MODEL: its name, or its YAML."""
    from pipelines import home
    from pipelines.config import load
    from pipelines.status import as_table, collect

    if model is not None and model.endswith((".yaml", ".yml")):
        model = load(model).model
    home.prepare()
    with _only_json(as_json):
        rows = collect(model)
    click.echo(json.dumps({"models": rows}) if as_json else as_table(rows))


@main.command()
@config_argument
@json_option
def rollback(config: Path, as_json: bool) -> None:
    """Make the previous champion serve again; its reference comes back with it."""
    from pipelines import home, registry
    from pipelines.config import load

    project = load(config)
    home.prepare()
    with _only_json(as_json):
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
