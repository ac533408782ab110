"""Monitoring flow: read, preflight, measure, decide, and train if the decision is to retrain. Wiring only."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from prefect import flow, get_run_logger

from driftloop.monitoring import sources
from driftloop.monitoring.decision import decide
from driftloop.monitoring.errors import BadData
from driftloop.monitoring.ledger import Ledger, digest
from driftloop.monitoring.policies.recalibrating import Plan, plan, prices
from driftloop.monitoring.quality.preflight import excluded_columns, fatal, learnable
from driftloop.monitoring.quality.unreadable import unreadable
from driftloop.monitoring.records import Check, History, Moment, Outcome, PromotionWatch, Shadow, Signals, Window
from driftloop.monitoring.sequential.shadow import veto
from driftloop.monitoring.windows import labelled_window, training_window
from driftloop.pipelines.config import own_code
from driftloop.pipelines.config.project import ProjectFile
from driftloop.pipelines.data.fresh import Fresh
from driftloop.pipelines.data.no_rows import no_rows
from driftloop.pipelines.data.query import Query
from driftloop.pipelines.engines import Engine
from driftloop.pipelines.flows import (
    counting,
    labelling,
    measuring,
    observed,
    promotion_watch,
    requesting,
    ruling,
    shadow,
    snapshots,
    taking_over,
    unserved,
    watching,
)
from driftloop.pipelines.flows.comparing import compared_with, own_reference
from driftloop.pipelines.flows.diagnosing import advised
from driftloop.pipelines.flows.dividing import trained_by
from driftloop.pipelines.flows.measuring import Measurement
from driftloop.pipelines.flows.outgrown import ahead_of_source, explained
from driftloop.pipelines.flows.paired_losses import Watch, Watches
from driftloop.pipelines.flows.reading import read
from driftloop.pipelines.flows.signals import signals_of
from driftloop.pipelines.registry import Version, evidence, flow_runs, promotion
from driftloop.pipelines.requests import owning, recovery
from driftloop.pipelines.requests.check_run import CheckRun, Train
from driftloop.pipelines.requests.learning import learn_on
from driftloop.pipelines.requests.noticed import CHAMPION_LOST, CHAMPION_RESTORED, CLOCK_WENT_BACK
from driftloop.pipelines.runtime import failpoints, home, outages, phases


@flow(name="monitoring", validate_parameters=True)
def monitoring_flow(
    config: ProjectFile, now: Moment | None = None, dry_run: bool = False, train: Train = "here"
) -> Check:
    """Check one model once: judge its newest window, retrain it if that is decided, and keep the evidence.

    `now` defaults to the current time; another time is a replay. A dry run judges and writes the report, and changes
    nothing: no ledger, no MLflow, no training. With `train="request"` a retrain is written into the ledger and left
    to a worker, as in server mode; the check is then `requested`, and gets its final outcome after the retrain.
    """
    with (
        flow_runs.own_flow_run(),
        sources.pinned(),
        closing(Ledger(home.ledger_url())) as ledger,
        owning.alone(config.model, ledger, dry_run, get_run_logger().warning) as claims,
    ):
        run = CheckRun(config, now or datetime.now(UTC), dry_run, ledger, train, claims=claims)
        with observed.check(run) as ended:
            check = ended(_recorded(run))
        for table in check.tables:
            get_run_logger().info("read %s", table.sentence())
        get_run_logger().info("%s: %s", check.outcome.value, check.reason)
        return flow_runs.completed(f"{check.outcome.value}: {check.reason}", check)


def _recorded(run: CheckRun) -> Check:
    """Finish interrupted work, then check; an error is recorded and raised."""
    config, ledger = run.config, run.ledger
    try:
        if not run.dry_run:
            flow_runs.works_on(config.model, flow_runs.ended_at(run.window))
            failpoints.reach("claimed check")
            phases.enter("looking for interrupted work")
            run.notice(CLOCK_WENT_BACK, recovery.clock_went_back(ledger, config.model, datetime.now(UTC)))
            warn, here = get_run_logger().warning, requesting.carry_out_here
            restored = recovery.recover(config, ledger, run.now, warn, carry_out=here, train=run.train)
            run.notice(CHAMPION_RESTORED, restored)
            run.notice(CHAMPION_LOST, promotion.lost(ledger, config.model))
        return _check(run)
    except BadData as error:
        return run.exit(Outcome.BAD_DATA, str(error), findings=(unreadable(error),))
    except BaseException as error:
        translated = outages.translate(error)
        run.failed(translated)
        if translated is error:
            raise
        raise translated from error


def _check(run: CheckRun) -> Check:
    """Run the steps in order; an early exit comes before any expensive import."""
    config, window = run.config, run.window
    own_code.ready(config)
    phases.enter("finding the champion")
    champion, followed = measuring.find_champion(config.model), None
    if config.elsewhere:
        followed = taking_over.follow(run, champion)
        champion = followed.champion
    if champion is None:
        return taking_over.without_champion(run, followed) if followed else _bootstrap(run)
    taking_over.refuse_followed(config, champion)
    run.champion, run.model_id = champion.number, champion.model_id
    promotion.verify_identity(run.ledger, champion)
    # The champion is judged as it was trained, regardless of changes of the config.
    labelled = labelled_window(window, config.columns.label_delay)
    span = Window(start=labelled.start, end=window.end)
    phases.enter("reading rows")
    known, fresh, gone = counting.read_or_count(run, champion, labelled, span)
    failpoints.reach("read rows")
    ruling.look_at_age(run, known)
    before = None if run.dry_run else ruling.checked_before(run, champion, fresh.digest)
    if before is not None:
        reason = f"these {run.rows:,} rows of {window} were already checked ({before})"
        return run.exit(Outcome.ALREADY_CHECKED, f"{reason}; --dry-run judges them again and changes nothing")
    future_rows = ruling.look_at_strays(run, known)
    labelling.look(run, known, fresh, labelled)
    taking_over.look(run, known, fresh, followed)
    ruling.look_at_rules(run, known, fresh)
    stops = fatal(run.findings)
    if run.rows < config.preflight.min_rows:
        return run.exit(*ruling.scarce(run, stops))
    phases.enter("preflight")
    reference, profiles, reference_rows = measuring.read_reference(champion, key=digest("reference", champion.model_id))
    findings = measuring.preflight(config, known, window, fresh, reference, profiles, future_rows)
    findings = explained(config, reference, champion.number, gone, findings)
    findings += ahead_of_source(config, reference, fresh.source_types)
    stops = (*stops, *fatal(findings))
    if stops:
        reason = ruling.broken(stops)
        if config.trains and learnable(stops, config):
            reason += f". If the data will stay like this, `driftloop retrain {config.file}` trains a model on it"
        return run.exit(Outcome.BAD_DATA, reason, findings=findings)
    plan = promotion_watch.plan(config, run.ledger, champion, run.now)
    watch, unread = watching.watch(known, run.ledger, champion, reference, labelled, fresh.count(labelled), plan)
    run.findings += watching.unreadable(unread)
    own = own_reference(run, reference, profiles, reference_rows)
    compared, excluded = compared_with(run, known, champion, own), excluded_columns(findings)
    follower = shadow.plan(config, run.ledger, champion, reference, run.now)
    pair = shadow.watch(config, known, follower, champion, reference, labelled, fresh.count(labelled))
    watches = Watches(watch, pair if isinstance(pair, Watch) else None)
    measured = measuring.measure(known, champion, window, labelled, fresh, reference, compared, excluded, watches)
    run.profiles = measured.profiles
    states = (
        promotion_watch.state(plan, run.ledger, watch, measured.archive, unread),
        shadow.state(follower, pair, measured.shadow, run.now),
    )
    return _judge(run, champion, fresh, signals_of(run, champion, reference, findings, measured), measured, *states)


def _judge(
    run: CheckRun,
    champion: Version,
    fresh: Fresh,
    signals: Signals,
    measured: Measurement,
    watched: PromotionWatch | None,
    shadowed: Shadow | None,
) -> Check:
    from driftloop.pipelines.flows.probing import with_probe

    config, history = run.config, run.ledger.history(run.config.model, run.now)
    phases.enter("decision")
    signals = with_probe(run, champion, signals, history)
    archived = watching.judge(run.ledger, config.model, measured.archive, measured.watched, run.window, run.now)
    vetoes = promotion_watch.vetoes(run, watched, history) + veto(shadowed)
    decision = decide(config.policies.triggers, config.policies.guards, signals, history, run.now, vetoes=vetoes)
    retrains = decision.action == "retrain"
    outcome = Outcome.HELD if decision.held or retrains else Outcome.STEADY
    reason = f"dry run, nothing was trained; {decision.reason}" if retrains and run.dry_run else decision.reason
    if retrains and not config.trains:
        outcome, reason = Outcome.NEEDED_ELSEWHERE, f"retrain needed elsewhere (training: none); {decision.reason}"
    report, (snapshot, problems) = run.report_file, snapshots.stored(run, decision, measured)
    check = run.check(
        outcome,
        reason,
        columns=measured.scores,
        drift_share=signals.drift_share,
        drift_basis=measured.drift_basis,
        moved=measured.moved,
        performance=measured.performance,
        metrics=measured.metrics.values,
        confusion=measured.metrics.confusion,
        calibration=measured.metrics.calibration,
        slices=measured.slices,
        slice_drift=measured.slice_drift,
        discovered=measured.discovered,
        fairness=measured.fairness,
        estimated=measured.estimated,
        age_batches=signals.age_batches,
        probe=signals.probe,
        archive=archived,
        watch=watched,
        shadow=shadowed,
        causes=advised(measured.causes, archived, signals.probe, signals.learned),
        findings=signals.findings + problems,
        votes=decision.votes,
        decision=decision.action,
        cached=measured.cached,
        report=str(report),
        snapshot=snapshot,
    )
    phases.enter("writing the report")
    measuring.save_report(measured.page, check, report)
    failpoints.reach("saved report")
    if run.dry_run:
        return check
    check = run.logged(check, report)
    cure = plan(prices(config.policies.triggers), decision, signals, check.causes) if config.trains else None
    return _ended(run, _acted(run, champion, fresh, check, cure, measured, history), fresh.digest)


def _ended(run: CheckRun, check: Check, rows: str) -> Check:
    if check.outcome is Outcome.REQUESTED:
        return run.release(check)
    return run.finish(check, recovery.judged_keys(run.ledger, check, rows))


def _acted(
    run: CheckRun,
    champion: Version,
    fresh: Fresh,
    check: Check,
    cure: Plan | None,
    measured: Measurement,
    history: History,
) -> Check:
    """Carry out what the check does about its champion, and renew the report; return the check as it is otherwise."""
    act = requesting.action(run.config, check, cure)
    if act is None:
        return check
    run.require_claims()
    run.decided = check
    check = act(run, champion, fresh, check)
    phases.enter("writing the report")
    learn_on(run.config, run.ledger, check, history)
    report = Path(str(check.report))
    measuring.save_report(measured.page, check, report)
    evidence.log_report(str(check.mlflow_run_id), report)
    return check


def _bootstrap(run: CheckRun) -> Check:
    """Train the first champion on the available history. It must beat the naive baseline.

    If it does not, the check still reports the rows. So does a dry run, with the action of a real check.
    """
    config, window = run.config, run.window
    training = training_window(window, config.columns.label_delay, config.learned_span)
    labelled = labelled_window(window, config.columns.label_delay)
    phases.enter("reading rows")
    span = Window(start=min(training.start, labelled.start), end=window.end)
    engine = trained_by(config)
    query = Query(config, span, config.folder, run.now, judged=window)
    fresh = read(query, engine if isinstance(engine, Engine) else None)
    run.rows, run.counting = fresh.count(window), counting.recorded(engine, fresh)
    future_rows = ruling.look_at_strays(run, config)
    labelling.look(run, config, fresh, Window(start=span.start, end=labelled.end))
    ruling.look_at_age(run, config)
    ruling.look_at_rules(run, config, fresh)
    if stops := fatal(run.findings):
        return run.exit(Outcome.BAD_DATA, ruling.broken(stops))
    if not fresh.count(training):
        return run.exit(Outcome.NO_DATA, f"no champion yet, and no rows to train one on: {no_rows(config, training)}")
    if (request := requesting.open_request(run, None)) is not None:
        reason = f"the first champion is already being trained: request {request.request_id}"
        return run.exit(Outcome.ALREADY_CHECKED, reason)
    if run.dry_run:
        outcome, reason = unserved.without_training(run, fresh, training)
        return unserved.measured(run, fresh, training, labelled, future_rows, run.check(outcome, reason))
    check = run.check(Outcome.BOOTSTRAPPED, "no champion yet: training the first one")
    if run.train == "request":
        # Another process finishes this check, without these rows.
        check = unserved.measured(run, fresh, training, labelled, future_rows, check)
    run.decided = check = run.logged(check)
    rows = fresh.digest_of(Window(start=labelled.start, end=window.end))
    check = requesting.train(run, check, rows, fresh.digest)
    if check.outcome is Outcome.REQUESTED:
        return run.release(check)
    if check.champion_after is None:
        check = unserved.measured(run, fresh, training, labelled, future_rows, check)
    return run.finish(check, recovery.judged_keys(run.ledger, check, rows))
