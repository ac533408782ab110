"""Functions of `import driftloop`. Nothing heavy is imported before one is called."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import Field

from driftloop.monitoring.records import Check, Retrain, Window, changed

if TYPE_CHECKING:
    from driftloop.monitoring.ledger import Event
    from driftloop.pipelines.backtest import Replay
    from driftloop.pipelines.backtest.study import Study
    from driftloop.pipelines.config.project import Project
    from driftloop.pipelines.operations.adopting import Adopted
    from driftloop.pipelines.operations.comparisons import WindowComparison
    from driftloop.pipelines.operations.validation import Validation
    from driftloop.pipelines.operations.version_comparison import VersionComparison
    from driftloop.pipelines.predictions.predict import Predicted

FRAME_HEIGHT = 640


class CheckResult(Check):
    """The result of a check. A notebook shows verdict, votes and drift report."""

    def html(self) -> str:
        """Return the report as one HTML page; a check that ended early has no report, so its verdict as a page."""
        from driftloop.monitoring.report.page import dress
        from driftloop.monitoring.report.shared_script import whole

        if self.report is not None and Path(self.report).is_file():
            return whole(Path(self.report).read_text("utf-8"), Path(self.report))
        return dress("", self)

    def _repr_html_(self) -> str:
        from driftloop.pipelines.runtime.pages import render

        return render("operations/notebook.html.j2", page=self.html(), height=FRAME_HEIGHT)


class RetrainResult(Retrain):
    """The result of a retrain. `champion` is the version that serves now; `site` why the site shows an older state."""

    model: str
    champion: str | None = None
    site: str | None = Field(default=None, exclude=True)


AnyResult = TypeVar("AnyResult", bound=RetrainResult)


def load(config: str | Path) -> Project:
    """Read a model's YAML. Raises ConfigError, which names file, key, what was found and what is expected."""
    from driftloop.pipelines.config import project

    return project.load(config)


def validate(config: str | Path | Project, *, now: datetime | None = None) -> Validation:
    """Validate a config against its source: columns, types, rows and labels per window, estimator, notifications.

    Trains nothing, starts nothing and writes nothing. A config that does not fit is a result, with the reason.
    """
    from driftloop.pipelines.operations import validation

    return validation.validate(_project(config), _moment(now))


def check(config: str | Path | Project, *, now: datetime | None = None, dry_run: bool = False) -> CheckResult:
    """Judge the newest window of a model and retrain it if that is decided.

    `now` defaults to the current time; without a time zone it is UTC. A dry run judges, and changes nothing. An outcome
    such as `bad_data` or `no_data` is a result; an error is raised if no verdict was possible.
    """
    from driftloop.pipelines.flows.warmup import prefect_ready
    from driftloop.pipelines.runtime import outages

    project, moment = _project(config), _moment(now)
    with outages.translated(), prefect_ready(project, moment):
        from driftloop.pipelines.flows.monitoring import monitoring_flow

        result = monitoring_flow(config=project, now=moment, dry_run=dry_run)
    return CheckResult.model_validate(result.model_dump())


def retrain(config: str | Path | Project, *, now: datetime | None = None) -> RetrainResult:
    """Train a challenger on the newest labeled rows, regardless of the signals; the gate decides on the promotion."""
    from driftloop.pipelines.config.elsewhere import refuse_elsewhere
    from driftloop.pipelines.flows.warmup import prefect_ready
    from driftloop.pipelines.runtime import outages

    project, moment = _project(config), _moment(now)
    refuse_elsewhere(project, "retrain")
    with outages.translated(), prefect_ready(project, moment):
        from driftloop.pipelines.operations.retraining import retrain_now

        ended = retrain_now(project, moment or datetime.now(UTC))
        return _published(RetrainResult(**ended.model_dump(), model=project.model))


def adopt(
    config: str | Path | Project,
    uri: str,
    *,
    trained_on: tuple[datetime, datetime] | None = None,
    tracking_uri: str | None = None,
    now: datetime | None = None,
) -> Adopted:
    """Make an existing MLflow model the champion, without a training.

    `uri` is models:/NAME/VERSION, models:/NAME@ALIAS, runs:/RUN/PATH or a folder. `trained_on` is the half-open span of
    the rows that it was trained on; `tracking_uri` names the MLflow that has it. Raises AdoptionRefused for a model
    that does not fit the config or the rows.
    """
    from driftloop.pipelines.flows.warmup import prefect_ready
    from driftloop.pipelines.operations.fetching import fetch
    from driftloop.pipelines.runtime import outages

    project, moment = _project(config), _moment(now)
    span = Window(start=trained_on[0], end=trained_on[1]) if trained_on else None
    with outages.translated():
        fetched = fetch(project, uri, tracking_uri)
    with outages.translated(), prefect_ready(project, moment):
        from driftloop.pipelines.operations.adopting import adopt_now

        return _published(adopt_now(project, fetched, moment or datetime.now(UTC), span))


def status(model: str | None = None) -> list[dict[str, Any]]:
    """Return one row per model, or the row of one: champion, last check, drift, loss, last retrain. Keys of `--json`.

    Raises NeverChecked for a model without entries in the ledger.
    """
    from driftloop.pipelines.operations.status import collect
    from driftloop.pipelines.runtime import home

    home.prepare()
    return collect(model)


def history(model: str, *, most: int = 50) -> list[Event]:
    """Return the newest events of a model, oldest first: checks, requests, training runs, promotions, with reasons.

    Raises NeverChecked for a model without entries in the ledger.
    """
    from driftloop.monitoring.ledger import Ledger
    from driftloop.pipelines.operations.status import NeverChecked
    from driftloop.pipelines.runtime import home

    home.prepare()
    with closing(Ledger(home.ledger_url())) as ledger:
        events = ledger.events(model, most=most)
        if not events:
            raise NeverChecked(model, ledger.models())
    return events[::-1]


def predict(
    config: str | Path | Project,
    *,
    now: datetime | None = None,
    span: tuple[datetime, datetime] | None = None,
    out: str | Path | None = None,
    table: str | None = None,
    replace: bool = False,
) -> Predicted:
    """Score the newest window, or a half-open span of time, with the champion.

    The predictions go to the prediction log, or with `out` to a folder of parquet files or a `table` of a database; an
    interrupted call is continued by the next one. `replace` scores rows again that are in `out`. Raises NoChampion
    before the first promotion, OutputUnusable and its subclasses if `out` cannot take the predictions.
    """
    from driftloop.pipelines.flows.mismatch import refuse_mismatch
    from driftloop.pipelines.runtime import home

    project, moment = _project(config), _moment(now) or datetime.now(UTC)
    home.prepare()
    refuse_mismatch(project)
    from driftloop.monitoring.windows import current_window
    from driftloop.pipelines.predictions.bulk import predict_into
    from driftloop.pipelines.predictions.predict import predict_span, predict_window

    window = Window(start=span[0], end=span[1]) if span else None
    if out is not None:
        within = window or current_window(moment, project.windows)
        return predict_into(project, within, str(out), table, replace=replace)
    return predict_span(project, window) if window else predict_window(project, moment)


def backtest(
    config: str | Path | Project,
    *,
    now: datetime | None = None,
    policies: Sequence[str] = (),
    cost: float = 0.2,
    batch: timedelta | int | None = None,
    label_delay: timedelta | int | None = None,
    recalibrate: float | None = None,
    keep_models: bool = False,
) -> Study:
    """Replay the whole history of a model under many policies.

    `cost` of a retrain is in units of one batch's loss. `batch` is a duration or a number of rows, `label_delay` a
    duration or a number of batches; both default to the config's. With `recalibrate`, the cost of a recalibration in
    the same unit as `cost`, policies are also replayed with recalibrations. With `keep_models` models of the
    history are stored as versions without an alias, for the archive; otherwise nothing is registered.
    """
    from driftloop.pipelines.backtest.run import backtest as run
    from driftloop.pipelines.flows.mismatch import refuse_mismatch
    from driftloop.pipelines.registry import templates
    from driftloop.pipelines.runtime import home

    project, moment = _project(config), _moment(now)
    home.prepare()
    refuse_mismatch(project)
    templates.provide(project)
    options: dict[str, Any] = {"cost": cost, "batch": batch, "label_delay": label_delay, "recalibrate": recalibrate}
    present = moment or datetime.now(UTC)
    if not keep_models:
        return run(project, present, policies=policies, **options)
    from driftloop.pipelines.operations import keeping

    keeping.refuse_without_archive(project)
    return keeping.keep(project, run(project, present, policies=policies, keep_models=True, **options), present)


def replay(loss_matrix: Any, probe_matrix: Any = None, **settings: Any) -> Replay:
    """Replay policies on matrices of losses: see `driftloop.pipelines.backtest.replay` for the settings.

    `loss_matrix[i, j]`, of shape (batches, batches), is the mean loss on batch j of the model trained at the end of
    batch i. Raises NotReplayable, a ValueError, for invalid input.
    """
    from driftloop.pipelines.backtest.replay import replay as run

    return run(loss_matrix, probe_matrix, **settings)


def compare(
    config: str | Path | Project,
    *,
    windows: Sequence[tuple[datetime, datetime]] = (),
    versions: tuple[str | int, str | int] | None = None,
) -> WindowComparison | VersionComparison:
    """Compare two windows, each a half-open span, or two versions, each by its number or alias; writes nothing.

    Without both, the newest two checked windows. Raises NothingToCompare where that is impossible.
    """
    from driftloop.pipelines.operations.comparisons import Span, compare_windows
    from driftloop.pipelines.operations.version_comparison import compare_versions
    from driftloop.pipelines.runtime import home

    project = _project(config)
    home.prepare()
    if versions is not None:
        return compare_versions(project, [str(one) for one in versions])
    return compare_windows(project, [Span(_in_utc(end), _in_utc(start)) for start, end in windows])


def _project(config: str | Path | Project) -> Project:
    from driftloop.pipelines.runtime import home

    project = load(config) if isinstance(config, str | Path) else config
    home.belong_to([project.file])
    return project


def _published(result: AnyResult) -> AnyResult:
    """Rewrite the site, and return the result with the version that serves now."""
    from driftloop.pipelines import registry, site

    champion = registry.aliased(result.model, registry.CHAMPION)
    return changed(result, champion=champion.number if champion else None, site=site.rewrite(result.model))


def _moment(now: datetime | None) -> datetime | None:
    return None if now is None else _in_utc(now)


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
