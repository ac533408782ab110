"""A recalibration of the champion as a challenger: fitted on newer labels, gated on unseen rows, and stored."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import pandas as pd
from prefect import get_run_logger
from prefect.cache_policies import NO_CACHE

from driftloop.monitoring.drift.reference import PREDICTION, describe, prediction_column, profiled
from driftloop.monitoring.errors import TrainingImpossible
from driftloop.monitoring.ledger import Progress
from driftloop.monitoring.profiles import Profiles
from driftloop.monitoring.records import Outcome, Reference, Retrain, Window, changed, figure
from driftloop.monitoring.rows.weights import labelled, scaled, weights_of
from driftloop.monitoring.slices.conditions import beyond_features
from driftloop.pipelines import registry
from driftloop.pipelines.config.as_trained import as_known, differences
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.data.selection import MOST_COMPARED, sampled
from driftloop.pipelines.flows import challenger, estimating
from driftloop.pipelines.flows.challenger import Evaluated
from driftloop.pipelines.flows.dividing import read_by
from driftloop.pipelines.flows.reading import read_with
from driftloop.pipelines.flows.steps import step
from driftloop.pipelines.gate import Verdict
from driftloop.pipelines.registry import Version, contents
from driftloop.pipelines.registry.pending import SWITCH_REQUEST
from driftloop.pipelines.registry.version import RECALIBRATED_ON, RECALIBRATES
from driftloop.pipelines.requests.ends import NOT_RECALIBRATED
from driftloop.pipelines.requests.work import Work
from driftloop.pipelines.runtime import failpoints, phases
from driftloop.pipelines.training.adopting import SAMPLE
from driftloop.pipelines.training.candidates import halves
from driftloop.pipelines.training.recalibration import Attempt
from driftloop.pipelines.training.recalibration import recalibrate as fit
from driftloop.pipelines.training.scorer import Scorer
from driftloop.pipelines.training.steps import Parts

# Tags of a version that are about its own history, and not about its model.
OWN_TAGS = ("driftloop.rejected", "driftloop.brought_back", "driftloop.model_id", "driftloop.manifest_sha256")


@dataclass(frozen=True)
class Proven:
    """A recalibration that the gate passed, with the rows that it was fitted and judged on."""

    scorer: Scorer
    parts: Parts
    evaluated: Evaluated
    verdict: Verdict


def recalibrate(work: Work, run_id: str, champion: Version) -> Progress | str:
    """Return the stored recalibration of the champion, ready to be registered; or why there is none."""
    config, asked = work.config, work.request.recalibrate
    assert asked is not None
    phases.enter("recalibration: reading rows")
    try:
        proven = _tried(work, champion)
    except TrainingImpossible as error:
        proven = error.found
    if isinstance(proven, str):
        reason = f"no recalibration of version {champion.number}: {proven}"
        get_run_logger().info("%s", reason)
        registry.client().set_tag(run_id, "driftloop.recalibration", reason[:5000])
        return reason
    failpoints.reach("fitted")
    phases.enter("registering the model")
    return _stored(config, work.request.request_id, run_id, champion, proven, asked.window)


def refuse(work: Work, run_id: str, reason: str) -> Retrain:
    """Close a request for a recalibration alone: the champion stays."""
    done = work.retrain(run_id, None, version=None, code=NOT_RECALIBRATED, reason=reason)
    done = changed(done, recalibrates=work.request.champion)
    work.ledger.close_request(done, by=work.claim)
    return done


def _tried(work: Work, champion: Version) -> Proven | str:
    """Fit on the older half of the rows and judge on the newer half, as any challenger; return why not, as text."""
    config, asked = work.config, work.request.recalibrate
    assert asked is not None
    reference = registry.reference(champion)
    if changes := differences(config, reference):
        return f"the config has changed since it was trained: {changes[0].message}"
    rows = _rows(work, champion, reference)
    older, newer = halves(rows, config.columns.time)
    plain = registry.scorer(champion, config.training).plain
    attempt = _fitted(config, plain, older)
    if attempt.made is None:
        return attempt.reason
    version = champion.recalibrates or champion.number
    scorer = replace(plain, recalibration=changed(attempt.made, version=version))
    parts = Parts(train=older, holdout=newer)
    phases.enter("gate")
    evaluated = challenger.evaluate(config, parts, scorer, champion)
    verdict = challenger.judge_gate(config, evaluated)
    if not verdict.passed or verdict.difference is None:
        return f"{attempt.made.describe()}: {verdict.reason}"
    if verdict.difference < asked.least:
        return (
            f"{attempt.made.describe()} lowers {config.loss} by {figure(verdict.difference)} on {verdict.rows:,} "
            f"unseen rows, at least {figure(asked.least)} is needed to be worth as much as a retrain (cost.recalibrate)"
        )
    return Proven(scorer, parts, evaluated, changed(verdict, reason=f"{attempt.made.describe()}: {verdict.reason}"))


def _rows(work: Work, champion: Version, reference: Reference) -> pd.DataFrame:
    """Return the labeled rows of the request's window, in order of time, that the champion was not trained on."""
    config, asked, newest = work.config, work.request.recalibrate, champion.newest_row
    assert asked is not None
    if newest is not None and newest >= asked.window.end:
        return pd.DataFrame({config.columns.time: pd.Series(dtype="datetime64[ns, UTC]")})
    start = asked.window.start if newest is None else max(newest, asked.window.start)
    window = Window(start=start, end=asked.window.end)
    fresh = read_with(config, window, champion, work.request.now, read_by(config))
    drawn = sampled(fresh, config.training.max_rows or MOST_COMPARED, config.training.seed).frame
    known = as_known(drawn[labelled(drawn, config.columns)], reference)
    return known.sort_values(config.columns.time, kind="stable", ignore_index=True)


@step(name="fit recalibration", cache_policy=NO_CACHE)
def _fitted(config: Project, plain: Scorer, rows: pd.DataFrame) -> Attempt:
    """Fit on the predictions of the model without any earlier recalibration."""
    if rows.empty:
        return Attempt(None, "no labeled rows that it was not trained on")
    target, weights = rows[config.columns.target].to_numpy(), scaled(weights_of(rows, config.columns))
    return fit(config.loss, target, plain.predict(rows), plain.classes, weights)


def _refitted(config: Project, proven: Proven) -> Scorer:
    """Fit again on all rows after the gate, with `training.refit`; otherwise the judged recalibration serves."""
    if not config.training.refit:
        return proven.scorer
    rows = pd.concat([proven.parts.train, proven.parts.holdout], ignore_index=True)
    made = _fitted(config, proven.scorer.plain, rows).made
    judged = proven.scorer.recalibration
    if made is None or judged is None or made.method != judged.method:
        return proven.scorer
    return replace(proven.scorer, recalibration=changed(made, version=judged.version))


@step(name="store recalibration", cache_policy=NO_CACHE)
def _stored(
    config: Project, request_id: str, run_id: str, champion: Version, proven: Proven, window: Window
) -> Progress:
    """Store the champion's model and reference with the recalibration, and the loss on the rows of the gate."""
    scorer, evaluated, holdout = _refitted(config, proven), proven.evaluated, proven.parts.holdout
    reference, profiles, kept = _reference(config, champion, scorer)
    described = changed(
        reference,
        loss=float(evaluated.holdout.mean()),
        loss_rows=evaluated.worth,
        metrics=evaluated.metrics,
        slices=evaluated.slices,
    )
    stored = contents.store(
        config,
        scorer,
        estimating.fit_estimator(config, holdout, proven.scorer),
        described,
        profiles,
        kept,
        holdout.head(challenger.VERIFIED_ROWS),
        (holdout, evaluated.holdout),
        run_id=run_id,
        older=champion,
    )
    challenger.log_verdict(proven.parts, proven.verdict, run_id)
    assert scorer.recalibration is not None
    registry.client().log_text(run_id, scorer.recalibration.model_dump_json(indent=1), "recalibration.json")
    verdict = changed(proven.verdict, code=Outcome.RECALIBRATED.value)
    tags = {key: value for key, value in champion.tags.items() if key not in (*OWN_TAGS, SWITCH_REQUEST)}
    tags |= contents.tags(described, window, verdict, request_id)
    tags |= {
        "driftloop.trained_on": json.dumps([span.model_dump(mode="json") for span in (*champion.fitted_on, window)]),
        RECALIBRATED_ON: window.model_dump_json(),
        RECALIBRATES: str(scorer.recalibration.version),
        SAMPLE: "out_of_sample",
    }
    return challenger.progress_of(evaluated, verdict, run_id, stored, tags)


def _reference(config: Project, champion: Version, scorer: Scorer) -> tuple[Reference, Profiles, pd.DataFrame]:
    """Return the champion's reference with recalibrated predictions, as they are on its sample of rows."""
    reference, profiles = registry.reference(champion), contents.profiles(champion)
    rows = registry.reference_rows(champion)
    later = [name for name in beyond_features(config.slices, config.columns) if name not in rows]
    rows = rows.assign(**dict.fromkeys(later))
    kept = rows.assign(**{PREDICTION: prediction_column(scorer.predict(as_known(rows, reference)), scorer.classes)})
    plain = changed(config, columns=config.columns.unweighted)
    end, times = reference.window.end, kept[config.columns.time]
    described = describe(
        kept,
        plain,
        window=Window(start=min(times.min(), reference.window.start), end=end),
        source_types=reference.source_types,
        loss=reference.loss,
        loss_rows=reference.loss_rows,
    )
    predicted = described.of_role("prediction")
    columns = tuple(predicted[0] if column.role == "prediction" else column for column in reference.columns)
    counted = profiled(kept, plain, end)[PREDICTION]
    return (
        changed(reference, columns=columns),
        replace(profiles, columns={**profiles.columns, PREDICTION: counted}),
        kept,
    )
