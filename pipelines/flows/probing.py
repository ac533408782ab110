"""Live probe: a small challenger, trained only to measure the expected gain of a retrain."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from prefect import get_run_logger
from prefect.cache_policies import NO_CACHE

from driftloop.monitoring.errors import TrainingImpossible
from driftloop.monitoring.records import FindingCode, History, Probe, Signals, Window, changed
from driftloop.monitoring.rows.weights import counted, weights_of
from driftloop.monitoring.rows.weights import labelled as labelled_rows
from driftloop.monitoring.windows import labelled_window, within
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.data.selection import MOST_COMPARED, sampled
from driftloop.pipelines.flows.dividing import read_by
from driftloop.pipelines.flows.reading import read_with
from driftloop.pipelines.flows.steps import step
from driftloop.pipelines.registry import Version, contents, evidence, templates
from driftloop.pipelines.requests.check_run import CheckRun
from driftloop.pipelines.runtime import phases
from driftloop.pipelines.training.fit import weighable
from driftloop.pipelines.training.probe import fewer_trees, fit_probe, searched
from driftloop.pipelines.training.split import unseen
from driftloop.pipelines.training.steps import losses

LEAST_ROWS = 30
NO_PROBE = FindingCode(
    name="no_probe",
    severities=("warning",),
    meaning="a trigger requested a probe, and it could not be trained; the check continues without it",
    cause="too few labeled rows, or a training error",
    remedy="see the message; without a probe the trigger uses the other signals",
)


def with_probe(run: CheckRun, champion: Version, signals: Signals, history: History) -> Signals:
    """Return the signals with a probe if a trigger requests one; if it fails, with a finding and the reason.

    A probe is only a signal: the check continues without it after any error. A dry run measures it as well, and leaves
    nothing in MLflow.
    """
    if not run.config.trains:
        return signals
    readers = [trigger for trigger in run.config.policies.triggers if "probe" in trigger.reads]
    if not any(trigger.wants_probe(signals, history, run.now) for trigger in readers):
        return signals
    phases.enter("training a probe")
    bias = signals.learned.handicap if signals.learned else 0.0
    labelled = labelled_window(run.window, run.config.columns.label_delay)
    parent = None if run.dry_run else run.run_id()
    try:
        measured = probe(run.config, champion, labelled, bias, parent, run.now)
    except Exception as error:
        reason = error.found if isinstance(error, TrainingImpossible) else f"{type(error).__name__}: {error}"
        get_run_logger().warning("no probe: %s", reason)
        finding = NO_PROBE.found(f"the requested probe could not be trained: {reason}")
        return changed(signals, findings=(*signals.findings, finding))
    return changed(signals, probe=measured)


@step(name="probe", cache_policy=NO_CACHE)
def probe(
    config: Project, champion: Version, labelled: Window, bias: float, parent: str | None, now: datetime
) -> Probe:
    """Train on the window before the newest labeled one, and score both models on the latter.

    Neither model was trained on the scored rows. `bias` is how much worse the probe is than a full-size model;
    `parent` is the parent MLflow run, None to log nothing.
    """
    templates.provide(config)
    run_id = _open_run(config, labelled, parent)
    params = searched(config.training, champion.tags.get("driftloop.recipe"))
    try:
        measured, trained = _measured(config, champion, labelled, bias, params, now)
    except BaseException as error:
        if run_id is not None:
            evidence.close_run(run_id, failed=f"{type(error).__name__}: {error}")
        raise
    if run_id is not None:
        evidence.log_numbers(
            run_id, {**measured.model_dump(), "window_rows": trained}, fewer_trees(config.training, params)
        )
        evidence.close_run(run_id)
    get_run_logger().info("%s", measured.model_dump_json())
    return measured


def _measured(
    config: Project, champion: Version, labelled: Window, bias: float, params: dict[str, Any], now: datetime
) -> tuple[Probe, int]:
    columns = config.columns
    before = Window(start=labelled.start - config.training.window, end=labelled.start)
    fresh = read_with(config, Window(start=before.start, end=labelled.end), champion, now, read_by(config))
    seed = config.training.seed
    drawn = sampled(fresh, config.training.max_rows or MOST_COMPARED, seed)
    rows, note = drawn.frame, drawn.note(seed)
    if note:
        get_run_logger().info("probe: %s", note)
    weighable(weights_of(rows, columns))
    rows = rows[labelled_rows(rows, columns)]
    train, newest = (within(rows, columns.time, window) for window in (before, labelled))
    fair = unseen(newest, columns.time, champion.trained_on)
    if len(fair) < LEAST_ROWS:
        raise TrainingImpossible(
            "too_few_rows",
            f"{len(fair):,} labeled rows in {labelled} that the champion was not trained on",
            expected=f"at least {LEAST_ROWS} to compare on",
            remedy="wait for labels, or make windows.current longer",
        )
    own = losses(config, fit_probe(config, train, params), fair)
    theirs = contents.losses_of(config, champion, fair)
    champion_loss, probe_loss = float(theirs.mean()), float(own.mean())
    gap = champion_loss - (probe_loss - bias)
    worth = counted(fair, columns)
    result = Probe(champion_loss=champion_loss, probe_loss=probe_loss, handicap=bias, gap=gap, rows=worth)
    return result, len(train)


def _open_run(config: Project, labelled: Window, parent: str | None) -> str | None:
    if parent is None:
        return None
    tags = {"driftloop.kind": "probe", "driftloop.model": config.model}
    return evidence.open_run(config.model, f"probe {labelled}", parent=parent, tags=tags)
