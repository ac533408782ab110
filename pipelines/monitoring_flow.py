"""The monitoring flow: read, preflight, measure, decide, and where the decision says so, train. Wiring only."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta

from filelock import FileLock
from prefect import flow, get_run_logger

from monitoring import sources
from monitoring.decision import decide
from monitoring.errors import BadData, NoChampion
from monitoring.ledger import Ledger, digest, window_key
from monitoring.preflight import fatal, put_aside
from monitoring.records import Check, Finding, Moment, Outcome, Retrain, Signals, Window
from monitoring.windows import labelled_window, training_window
from pipelines import home, measuring, registry
from pipelines.as_trained import as_trained
from pipelines.check_run import CheckRun
from pipelines.config import ProjectFile
from pipelines.fresh import Fresh, content_digest
from pipelines.measuring import Measurement
from pipelines.reading import read
from pipelines.registry import Version

CLOCK_SLACK = timedelta(minutes=5)
# What keeps a first champion from being trained, as an outcome.
IMPOSSIBLE = {
    "no_data": Outcome.NO_DATA,
    "too_few_rows": Outcome.TOO_FEW_ROWS,
    "no_labels": Outcome.BAD_DATA,
    "one_class": Outcome.BAD_DATA,
    "too_many_classes": Outcome.BAD_DATA,
    "empty_feature": Outcome.BAD_DATA,
    "labels_too_large": Outcome.BAD_DATA,
}


@flow(name="monitoring", validate_parameters=True)
def monitoring_flow(config: ProjectFile, now: Moment | None = None, dry_run: bool = False) -> Check:
    """Check one model once: judge its newest window, retrain it if that is decided, and keep the evidence.

    `now` is the present unless given (a replay). A dry run judges and writes the report, and changes nothing: no
    ledger, no MLflow, no training.
    """
    locks = home.home() / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with FileLock(str(locks / f"{config.model}.check.lock")), closing(Ledger(home.ledger_url())) as ledger:
        run = CheckRun(config, now or datetime.now(UTC), dry_run, ledger)
        try:
            check = _check(run)
        except BadData as error:
            found = Finding(code=error.code, severity="fatal", column=error.column, message=error.found)
            check = run.exit(Outcome.BAD_DATA, str(error), findings=(found,))
        except NoChampion:
            raise
        except BaseException as error:
            run.failed(error)
            raise
        get_run_logger().info("%s: %s", check.outcome.value, check.reason)
        return check


def _check(run: CheckRun) -> Check:
    """The steps in their order; each early exit leaves before anything expensive is imported."""
    config, window = run.config, run.window
    champion = measuring.find_champion(config.model)
    if champion is None:
        return _bootstrap(run)
    run.champion = champion.number
    # The champion is judged as it was trained, whatever the config says by now.
    known = as_trained(config, registry.reference(champion))
    labelled = labelled_window(window, config.columns.label_delay)
    fresh = read(known, Window(start=labelled.start, end=window.end), config.folder)
    current = fresh.within(window, config.columns.time)
    run.rows = len(current)
    key = window_key(config.model, window, champion.number, fresh.digest)
    before = None if run.dry_run else run.ledger.checked(key)
    if before is not None:
        return run.exit(
            Outcome.ALREADY_CHECKED,
            f"these {run.rows:,} rows of {window} were checked before (check {before.check_id}: "
            f"{before.outcome.value}); --dry-run judges them again without changing anything",
        )
    if run.rows == 0:
        return run.exit(Outcome.NO_DATA, _nothing(run, window))
    if run.rows < config.preflight.min_rows:
        return run.exit(
            Outcome.TOO_FEW_ROWS, f"{run.rows:,} rows in {window}, preflight.min_rows is {config.preflight.min_rows:,}"
        )
    reference, reference_rows = measuring.read_reference(champion, key=digest("reference", champion.model_id))
    ahead = Window(start=max(run.now, datetime.now(UTC)) + CLOCK_SLACK, end=datetime(9999, 1, 1, tzinfo=UTC))
    findings = measuring.preflight(config, window, fresh, reference, ahead)
    stops = fatal(findings)
    if stops:
        told = "; ".join(finding.message for finding in stops)
        return run.exit(Outcome.BAD_DATA, f"the data is broken, a retrain is blocked: {told}", findings=findings)
    measured = measuring.measure(
        known, champion, window, labelled, fresh, reference, reference_rows, put_aside(findings)
    )
    return _judge(run, champion, fresh, findings, measured)


def _judge(
    run: CheckRun, champion: Version, fresh: Fresh, findings: tuple[Finding, ...], measured: Measurement
) -> Check:
    from pipelines.probing import learn_on, with_probe

    config = run.config
    history = run.ledger.history(config.model, run.now)
    signals = with_probe(run, champion, _signals(run, champion, findings, measured), history)
    decision = decide(config.policies.triggers, config.policies.guards, signals, history, run.now)
    wanted = decision.action == "retrain"
    outcome = Outcome.HELD if decision.held or wanted else Outcome.STEADY
    reason = f"dry run, nothing was trained; {decision.reason}" if wanted and run.dry_run else decision.reason
    check = run.check(
        outcome,
        reason,
        columns=measured.scores,
        drift_share=signals.drift_share,
        performance=measured.performance,
        estimated=measured.estimated,
        age_batches=signals.age_batches,
        probe=signals.probe,
        findings=signals.findings,
        votes=decision.votes,
        decision=decision.action,
        cached=measured.cached,
    )
    report = home.reports(config.model) / f"{run.window.end:%Y%m%dT%H%M}_{run.check_id}.html"
    check = check.model_copy(update={"report": str(report)})
    measuring.save_report(measured.page, check, report)
    if run.dry_run:
        return check
    check = check.model_copy(update={"mlflow_run_id": run.open_run(check, report)})
    if wanted:
        run.decided = check
        check = _retrain(run, champion, fresh, check)
        learn_on(run, signals, history, check)
        measuring.save_report(measured.page, check, report)
        registry.client().log_artifact(str(check.mlflow_run_id), str(report))
        registry.client().log_text(str(check.mlflow_run_id), check.model_dump_json(indent=1), "check.json")
    keys = tuple(
        window_key(config.model, run.window, version, fresh.digest)
        for version in (check.champion, check.champion_after)
    )
    return run.finish(check, keys)


def _signals(run: CheckRun, champion: Version, findings: tuple[Finding, ...], measured: Measurement) -> Signals:
    """What is known before any probe. The champion's age in batches is counted to the end of the current window."""
    newest = champion.newest_row
    return Signals(
        window=run.window,
        rows=run.rows,
        labelled_rows=measured.labelled_rows,
        scores=measured.scores,
        performance=measured.performance,
        estimated=measured.estimated,
        champion=champion.number,
        champion_age=run.now - newest if newest is not None else None,
        age_batches=(run.window.end - newest) / run.window.length if newest is not None else None,
        learned=run.ledger.learned(run.config.model),
        findings=findings,
    )


def _retrain(run: CheckRun, champion: Version, fresh: Fresh, check: Check) -> Check:
    """Ask for a retrain and run it as a subflow, by request id and window."""
    retrain = _train(run, champion.number, fresh, check.reason)
    return check.model_copy(
        update={
            "outcome": Outcome.PROMOTED if retrain.promoted else Outcome.REJECTED,
            "reason": f"{check.reason}. {retrain.reason}",
            "retrain": retrain,
            "champion_after": retrain.version if retrain.promoted else check.champion,
        }
    )


def _bootstrap(run: CheckRun) -> Check:
    """No champion yet: train the first one on what history there is. It must beat the naive baseline."""
    config, window = run.config, run.window
    if run.dry_run:
        raise NoChampion(config.model)
    training = training_window(window, config.columns.label_delay, config.training.window)
    labelled = labelled_window(window, config.columns.label_delay)
    fresh = read(config, Window(start=min(training.start, labelled.start), end=window.end), config.folder)
    run.rows = len(fresh.within(window, config.columns.time))
    reason = "there is no champion yet: the first one is trained"
    if fresh.within(training, config.columns.time).empty:
        return run.exit(
            Outcome.NO_DATA, f"there is no champion yet, and nothing to train it on: {_nothing(run, training)}"
        )
    run.decided = run.check(Outcome.BOOTSTRAPPED, reason)
    run.open_run(run.decided)
    retrain = _train(run, None, fresh, reason)
    outcome = Outcome.BOOTSTRAPPED if retrain.promoted else IMPOSSIBLE.get(retrain.code, Outcome.REJECTED)
    update = {
        "outcome": outcome,
        "reason": f"{reason}. {retrain.reason}",
        "retrain": retrain,
        "champion_after": retrain.version if retrain.promoted else None,
        "mlflow_run_id": run.mlflow_run_id,
    }
    rows = content_digest(fresh.within(Window(start=labelled.start, end=window.end), config.columns.time))
    keys = (window_key(config.model, window, retrain.version, rows),) if retrain.promoted else ()
    return run.finish(run.decided.model_copy(update=update), keys)


def _train(run: CheckRun, champion: str | None, fresh: Fresh, reason: str) -> Retrain:
    """The training as a subflow. Champion, window, rows and settings are the request: the same one is trained once."""
    from pipelines.training_flow import training_flow

    columns, span = run.config.columns, run.config.training.window
    window = training_window(run.window, columns.label_delay, span)
    settings = run.config.model_dump_json(exclude={"file", "schedule", "policies"})
    return training_flow(
        config=run.config,
        request_id=digest("retrain", run.config.model, window, champion, settings, fresh.digest)[:16],
        window=window,
        champion=champion,
        now=run.now,
        reason=reason,
        parent_run_id=run.mlflow_run_id,
    )


def _nothing(run: CheckRun, window: Window) -> str:
    """Say where the rows are instead, if there are any."""
    there = sources.span(run.config.source, run.config.columns, run.config.folder)
    said = f"no rows in {window}"
    if there is None:
        return f"{said}; the source is empty"
    hint = "" if there.end > window.start else f"; `--now {there.end:%Y-%m-%dT%H:%M}` checks its newest rows"
    return f"{said}; the source reaches from {there.start:%Y-%m-%d %H:%M} to {there.end:%Y-%m-%d %H:%M}{hint}"
