"""The live probe: a small challenger that is trained only to measure what a fresh model would win by now."""

from __future__ import annotations

from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from driftloop.monitoring.errors import TrainingImpossible
from driftloop.monitoring.records import FindingCode, History, Probe, Signals, Window, changed
from driftloop.monitoring.windows import labelled_window, within
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.flows.reading import read_with
from driftloop.pipelines.registry import Version, contents, evidence
from driftloop.pipelines.requests.check_run import CheckRun
from driftloop.pipelines.runtime import phases
from driftloop.pipelines.training.probe import fewer_trees, fit_probe, searched
from driftloop.pipelines.training.split import unseen
from driftloop.pipelines.training.steps import losses

LEAST_ROWS = 30
NO_PROBE = FindingCode(
    name="no_probe",
    severities=("warning",),
    meaning="a trigger requested a probe, and none could be made; the check continues without it",
    cause="too few labeled rows, or an error of the training",
    remedy="see the message; without a probe the trigger uses what it knows",
)


def with_probe(run: CheckRun, champion: Version, signals: Signals, history: History) -> Signals:
    """The signals with a probe, if a trigger asks for one; where it cannot be made, with a finding that has the reason.

    A probe only informs: whatever goes wrong with it, the check goes on without. A dry run measures it as well, and
    leaves nothing in MLflow.
    """
    readers = [trigger for trigger in run.config.policies.triggers if "probe" in trigger.reads]
    if not any(trigger.wants_probe(signals, history, run.now) for trigger in readers):
        return signals
    phases.enter("training a probe")
    handicap = signals.learned.handicap if signals.learned else 0.0
    labelled = labelled_window(run.window, run.config.columns.label_delay)
    parent = None if run.dry_run else run.run_id()
    try:
        measured = probe(run.config, champion, labelled, handicap, parent)
    except Exception as error:
        told = error.found if isinstance(error, TrainingImpossible) else f"{type(error).__name__}: {error}"
        get_run_logger().warning("no probe: %s", told)
        found = NO_PROBE.found(f"a probe was wanted and could not be made: {told}")
        return changed(signals, findings=(*signals.findings, found))
    return changed(signals, probe=measured)


@task(name="probe", cache_policy=NO_CACHE)
def probe(config: Project, champion: Version, labelled: Window, handicap: float, parent: str | None) -> Probe:
    """Train on the window that ends where the newest labeled one begins, and score both models on the latter.

    The rows that are scored were seen by neither. `handicap` is what the probe is known to be worse than a model of
    full size; `parent` is the MLflow run to nest under, None to log nothing.
    """
    run_id = _opened(config, labelled, parent)
    found = searched(config.training, champion.tags.get("driftloop.recipe"))
    try:
        measured, trained = _measured(config, champion, labelled, handicap, found)
    except BaseException as error:
        if run_id is not None:
            evidence.close_run(run_id, failed=f"{type(error).__name__}: {error}")
        raise
    if run_id is not None:
        evidence.log_numbers(
            run_id, {**measured.model_dump(), "window_rows": trained}, fewer_trees(config.training, found)
        )
        evidence.close_run(run_id)
    get_run_logger().info("%s", measured.model_dump_json())
    return measured


def _measured(
    config: Project, champion: Version, labelled: Window, handicap: float, found: dict[str, Any]
) -> tuple[Probe, int]:
    columns = config.columns
    before = Window(start=labelled.start - config.training.window, end=labelled.start)
    rows = read_with(config, Window(start=before.start, end=labelled.end), champion).frame
    rows = rows[rows[columns.target].notna()]
    train, newest = (within(rows, columns.time, window) for window in (before, labelled))
    fair = unseen(newest, columns.time, champion.trained_on)
    if len(fair) < LEAST_ROWS:
        raise TrainingImpossible(
            "too_few_rows",
            f"{len(fair):,} labeled rows in {labelled} that the champion was not trained on",
            expected=f"at least {LEAST_ROWS} to compare on",
            remedy="wait for labels, or make windows.current longer",
        )
    cheap = losses(config, fit_probe(config, train, found), fair)
    theirs = contents.losses_of(config, champion, fair)
    champion_loss, probe_loss = float(theirs.mean()), float(cheap.mean())
    gap = champion_loss - (probe_loss - handicap)
    told = Probe(champion_loss=champion_loss, probe_loss=probe_loss, handicap=handicap, gap=gap, rows=len(fair))
    return told, len(train)


def _opened(config: Project, labelled: Window, parent: str | None) -> str | None:
    if parent is None:
        return None
    tags = {"driftloop.kind": "probe", "driftloop.model": config.model}
    return evidence.open_run(config.model, f"probe {labelled}", parent=parent, tags=tags)
