"""Command `driftloop backtest`: replay of the history under many policies, as table, page and recommendation."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from driftloop.pipelines.commands.options import config_argument, json_option, now_option, only_json
from driftloop.pipelines.runtime.terminal import say, say_drawn, say_json, shown

if TYPE_CHECKING:
    from driftloop.monitoring.policies import Policy
    from driftloop.pipelines.backtest.study import Study
    from driftloop.pipelines.config.project import Project


class SpanOrCount(click.ParamType["timedelta | int"]):
    """Type of a duration such as 7d, or a whole number."""

    name = "span|count"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta | int:
        from driftloop.monitoring.settings.durations import parse_duration

        if isinstance(value, timedelta | int):
            return value
        if re.fullmatch(r"[0-9]+", value):
            return int(value)
        try:
            duration: timedelta = parse_duration(value)
        except ValueError:
            self.fail(f"{value!r} is neither a duration such as 7d or 12h nor a whole number", param, ctx)
        return duration


@click.command()
@config_argument
@json_option
@now_option
@click.option(
    "--policies", help="Triggers to compare, separated by commas; `config` for those of CONFIG. Default: a grid."
)
@click.option(
    "--cost",
    type=click.FloatRange(1e-6, 1e6),
    help="Cost of one retrain, as a fraction of one batch's loss. Default: the cost in the config, or 0.2.",
)
@click.option(
    "--batch",
    type=SpanOrCount(),
    help="Length of a batch: a duration such as 7d, or a number of rows. Default: windows.current.",
)
@click.option(
    "--label-delay",
    type=SpanOrCount(),
    help="Delay of labels: a duration, or a number of batches. Default: columns.label_delay.",
)
@click.option(
    "--recalibrate",
    type=click.FloatRange(1e-6, 1e6),
    help="Cost of one recalibration, as a fraction of one batch's loss, such as 0.01: policies are also replayed with "
    "recalibrations. Default: cost.recalibrate of the config, otherwise none.",
)
@click.option(
    "--keep-models",
    is_flag=True,
    help="Store the best models of the history as versions without an alias: checks compare them with the champion, "
    "as they do former champions (archive.keep in all).",
)
@click.option(
    "--write",
    is_flag=True,
    help="Write the recommended triggers into CONFIG if the later part of the history confirms them.",
)
def backtest(
    config: Path,
    as_json: bool,
    now: datetime | None,
    policies: str | None,
    cost: float | None,
    batch: timedelta | int | None,
    label_delay: timedelta | int | None,
    recalibrate: float | None,
    keep_models: bool,
    write: bool,
) -> None:
    """Replay the history under many policies and compare their cost.

    Trains a model at the end of every batch and scores it on all later batches, on all cores. Registers
    nothing without --keep-models.
    """
    if batch is not None and not batch:
        raise click.BadParameter("a batch must be longer than zero", param_hint="--batch")
    present = now or datetime.now(UTC)
    names = [name.strip() for name in policies.split(",") if name.strip()] if policies else []
    with only_json(as_json), shown():
        from driftloop.monitoring.policies.recalibrating import prices
        from driftloop.pipelines.backtest.run import backtest as run
        from driftloop.pipelines.config.project import load
        from driftloop.pipelines.flows.mismatch import refuse_mismatch
        from driftloop.pipelines.operations import keeping
        from driftloop.pipelines.registry import templates
        from driftloop.pipelines.runtime import home

        project = load(config)
        home.prepare()
        refuse_mismatch(project)
        if keep_models:
            keeping.refuse_without_archive(project)
        price = cost or _configured_cost(project)
        templates.provide(project)
        found = prices(project.policies.triggers)
        options: dict[str, Any] = {"cost": price, "batch": batch, "label_delay": label_delay}
        given = recalibrate or (found.recalibrate if found else None)
        study = run(project, present, policies=names, recalibrate=given, keep_models=keep_models, **options)
        _say_notes(study)
        stored = _store_learned(project, study, present, batch)
        written = _written(config, study) if write else None
        page = _page(study)
        if keep_models:
            page = _page(study := keeping.keep(project, study, present))
    if as_json:
        values = json.loads(study.model_dump_json())  # without infinite numbers
        say_json(
            json.dumps({**values, "outcome": "backtested", "stored": stored, "written": written, "report": str(page)})
        )
        return
    from driftloop.pipelines.backtest.history import kept_sentence
    from driftloop.pipelines.backtest.words import as_table
    from driftloop.pipelines.runtime.tables import screen

    say_drawn(as_table(study, screen()))
    if write:
        say(f"\nwrote these triggers into {config}" if written else f"\n{config} was not changed")
    if stored:
        say(f"\nsaved for use by the live policies of {project.model}: age curve, batch loss and probe bias")
    if keep_models:
        say(kept_sentence(study.kept_models))
    say(f"page: {page}")


def _say_notes(study: Study) -> None:
    for note in study.notes:
        say(f"note: {note}", err=True)


def _page(study: Study) -> Path:
    """Write the page into the folder of the model's reports."""
    from driftloop.pipelines.backtest.page import render
    from driftloop.pipelines.runtime import home, pages

    file = home.reports(study.model) / f"backtest_{study.windows[-1].end:%Y%m%dT%H%M}.html"
    pages.write(file, render(study))
    return file


def _configured_cost(project: Project) -> float:
    """Return the cost of a retrain in the config, within a composition too, or the default."""
    return next(_costs(project.policies.triggers), 0.2)


def _costs(policies: Iterable[Policy]) -> Iterator[float]:
    for policy in policies:
        if (cost := getattr(policy, "cost", None)) is not None:
            yield float(cost.retrain)
        yield from _costs(policy.members)


def _store_learned(project: Project, study: Study, now: datetime, batch: timedelta | int | None) -> bool:
    """Store the estimates for the live policies, if the batches are their windows."""
    from driftloop.monitoring.ledger import Ledger
    from driftloop.monitoring.records import changed
    from driftloop.pipelines.backtest.training_windows import better
    from driftloop.pipelines.runtime import home

    if batch is not None and batch != project.windows.current:
        say("note: not saved for the live policies, because their batch is windows.current", err=True)
        return False
    learned = changed(study.learned, window=better(study.training_windows))
    with closing(Ledger(home.ledger_url())) as ledger:
        if ledger.learned(project.model) != learned:
            ledger.learn(project.model, learned, now)
    return True


def _written(config: Path, study: Study) -> bool:
    from driftloop.pipelines.backtest.writing import write

    best = study.recommendation
    if best is None or not best.confirmed:
        return False
    write(config, best.triggers)
    return True
