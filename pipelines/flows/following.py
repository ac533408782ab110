"""New version of a model elsewhere: its reference, from the predictions it has made, stored as a version of its own."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from driftloop.monitoring.ledger import Progress
from driftloop.monitoring.records import changed
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.data.framed import Canonical
from driftloop.pipelines.data.fresh import Fresh
from driftloop.pipelines.data.query import Query
from driftloop.pipelines.flows import challenger, estimating
from driftloop.pipelines.flows.challenger import Evaluated, Final
from driftloop.pipelines.flows.reading import read
from driftloop.pipelines.gate import Evaluation, Verdict
from driftloop.pipelines.registry import Version, contents
from driftloop.pipelines.registry.version import FOLLOWS
from driftloop.pipelines.requests.work import Work
from driftloop.pipelines.runtime import failpoints, phases
from driftloop.pipelines.training.elsewhere import Elsewhere, classes_of, usable
from driftloop.pipelines.training.evaluating import evaluation, metrics_of
from driftloop.pipelines.training.features import learn_features
from driftloop.pipelines.training.fit import allowed, labelled
from driftloop.pipelines.training.learned import learned_from
from driftloop.pipelines.training.scorer import Scorer
from driftloop.pipelines.training.slices import held_out
from driftloop.pipelines.training.steps import Parts


@dataclass(frozen=True)
class Scored:
    """The rows of a span that a version scored, in order of time, and those of them that have a label."""

    rows: pd.DataFrame
    labeled: pd.DataFrame


def scored_rows(config: Project, fresh: Fresh) -> Scored:
    """Return the rows with a usable prediction; they were read with the predictions of one version."""
    rows = fresh.frame[usable(config, fresh.frame)]
    return Scored(rows, labelled(rows, rows[config.columns.target], config.task)[0])


def follow(work: Work, run_id: str, against: Version | None) -> Progress:
    """Read the predictions of the version, measure its reference and store it; the caller registers and promotes it."""
    config, request = work.config, work.request
    version = request.follows
    assert version is not None
    phases.enter("new version: reading its predictions")
    fresh = read(Query(config, request.window, config.folder, request.now, version))
    scored = scored_rows(config, fresh)
    rows, known = scored.rows, scored.labeled
    phases.enter("new version: measuring its reference")
    allowed(known[config.columns.target], config.loss)
    classes = classes_of(config, known, version)
    columns = config.columns
    features = learn_features(rows, columns.numeric, columns.categorical, config.training.max_levels)
    scorer = Scorer(config.task, features, classes, Elsewhere.of(config, version))
    compared = evaluation(config, known, known, scorer, None)
    failpoints.reach("fitted")
    verdict = _verdict(config, version, compared, known)
    metrics = {one.metric: one.value for one in metrics_of(config, scorer, known) if one.value is not None}
    losses, slices = held_out(config, scorer, known)
    parts = Parts(train=known, holdout=known)
    contents.log_datasets(run_id, config, {"reference": rows})
    challenger.log_training(config, scorer, parts, verdict, {"follows": version}, run_id)
    phases.enter("registering the version")
    progress = challenger.store(
        config,
        Canonical(rows, fresh.source_types),
        request.window,
        parts,
        Final(scorer, learned_from(config, known), refit=False),
        estimating.fit_estimator(config, known, scorer),
        Evaluated(compared, against, losses, metrics, slices),
        verdict,
        request.request_id,
        run_id,
    )
    return changed(progress, tags=progress.tags | {FOLLOWS: version})


def _verdict(config: Project, version: str, compared: Evaluation, known: pd.DataFrame) -> Verdict:
    loss, naive = compared.known_mean("challenger"), compared.known_mean("naive baseline")
    time = known[config.columns.time]
    span = f"{time.iloc[0]:%Y-%m-%d} to {time.iloc[-1]:%Y-%m-%d}"
    return Verdict(
        passed=True,
        code="took_over",
        reason=f"version {version!r} serves: {config.loss} {loss:.4g} on {len(known):,} labeled rows that it scored "
        f"({span}), naive baseline {naive:.4g}",
        opponent="naive baseline",
        champion_loss=None,
        baseline_loss=naive,
        challenger_loss=loss,
        difference=None,
        low=None,
        high=None,
        rows=len(known),
    )
