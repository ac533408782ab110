"""The adoption of a model that exists already: in place of a training, up to the stored version of a request."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pandas as pd
from prefect import get_run_logger

from driftloop.monitoring.errors import AdoptionRefused
from driftloop.monitoring.estimation import impossible
from driftloop.monitoring.ledger import Adoption, Progress, digest
from driftloop.monitoring.records import Record, Window, changed
from driftloop.monitoring.rows.weights import counted, weights_of
from driftloop.monitoring.rows.weights import labelled as counts
from driftloop.monitoring.windows import within
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.data.framed import Canonical
from driftloop.pipelines.data.no_rows import no_rows
from driftloop.pipelines.flows import challenger, estimating
from driftloop.pipelines.flows.challenger import Evaluated, Final
from driftloop.pipelines.flows.reading import read_with
from driftloop.pipelines.gate import Verdict
from driftloop.pipelines.registry import Version, contents, locating, origins
from driftloop.pipelines.requests.work import Work
from driftloop.pipelines.runtime import failpoints, home, phases
from driftloop.pipelines.training.adopting import SAMPLE, refuse_swapped
from driftloop.pipelines.training.adopting import adopt as tried
from driftloop.pipelines.training.evaluating import evaluation, metrics_of
from driftloop.pipelines.training.fit import allowed, labelled, weighable
from driftloop.pipelines.training.learned import learned_from
from driftloop.pipelines.training.loss_model import Head, LossModel
from driftloop.pipelines.training.scorer import Scorer
from driftloop.pipelines.training.slices import held_out
from driftloop.pipelines.training.steps import Parts

NOTES = "driftloop.adopted_notes"


class Spans(Record):
    """The spans of an adoption: its reference rows, and the rows that the model may have learned from.

    `known`: the user has named the latter. The loss is measured on labeled rows after their end, if there are enough.
    """

    reference: Window
    learned: Window
    known: bool


@dataclass(frozen=True)
class Judged:
    """Labeled rows on which the reference loss is measured; `in_sample`: the model may have learned from them."""

    rows: pd.DataFrame
    in_sample: bool


@dataclass(frozen=True)
class Read:
    """The reference rows, all labeled rows that were read, and the types of the source's columns."""

    reference: pd.DataFrame
    labeled: pd.DataFrame
    source_types: dict[str, str]


def adopted_as(model: str, asked: Adoption, settings: str) -> str:
    """Return a name for an adoption: the same files, span and settings for the same model have the same."""
    return digest("adopt", model, asked.digest, asked.trained_on, settings)


def spans(config: Project, asked: Adoption, window: Window, created: datetime | None) -> Spans:
    """Return the spans of an adoption. `window` is the config's training window, `created` when the model was logged.

    A model cannot have learned from rows that are newer than itself.
    """
    if asked.trained_on is not None:
        return Spans(reference=asked.trained_on, learned=asked.trained_on, known=True)
    end = window.end if created is None else min(window.end, created)
    start = min(window.start, end - config.training.window)
    return Spans(reference=window, learned=Window(start=start, end=end), known=False)


def judged_rows(config: Project, frame: pd.DataFrame, learned: Window) -> Judged:
    """Return the labeled rows right after those learned from, as many as a holdout; else all after; else all.

    `gate.min_rows` is the least number that counts as enough.
    """
    time, least = frame[config.columns.time], config.gate.min_rows
    after = frame[time >= learned.end]
    begun = max(learned.end, time.iloc[0].to_pydatetime()) if len(frame) else learned.end
    first = after[after[config.columns.time] < begun + config.held_out]
    for rows in (first, after):
        if len(rows) >= least:
            return Judged(rows, in_sample=False)
    return Judged(frame, in_sample=True)


def adopt(work: Work, run_id: str, against: Version | None) -> Progress:
    """Open the model, try it on real rows, measure its reference and store it; the caller registers and promotes it."""
    config, request = work.config, work.request
    asked = request.adopt
    assert asked is not None
    phases.enter("adopting: opening the model")
    found = origins.describe(asked.given, _fetched(asked))
    opened, origin = origins.open_model(found, config.training)
    parts = spans(config, asked, request.window, found.created)
    ours = against if against is not None and "driftloop.manifest_sha256" in against.tags else None
    read = _read(work, asked, parts, ours)
    time, reference, known = config.columns.time, read.reference, read.labeled
    phases.enter("adopting: trying the model")
    adopted = tried(config, opened, reference, [*read.source_types])
    assert adopted.scorer.contract is not None
    contract = changed(adopted.scorer.contract, params=asked.params)
    scorer = replace(adopted.scorer, origin=origin, contract=contract)
    judged = judged_rows(config, known, parts.learned)
    champion = contents.row_losses_of(config, ours, judged.rows) if ours else None
    train = within(known, time, parts.learned)
    compared = evaluation(config, known if train.empty else train, judged.rows, scorer, champion)
    naive = compared.known_mean("naive baseline")
    assert naive is not None
    refuse_swapped(config, scorer, judged.rows, naive)
    failpoints.reach("fitted")
    verdict = _verdict(config, work, scorer, compared, judged, parts)
    notes = (*adopted.notes, *_notes(config, verdict, judged, parts))
    for note in notes:
        get_run_logger().warning("%s", note)
    metrics = {one.metric: one.value for one in metrics_of(config, scorer, judged.rows) if one.value is not None}
    holdout, slices = held_out(config, scorer, judged.rows)
    return _stored(
        work,
        run_id,
        scorer,
        Canonical(reference, read.source_types),
        train,
        judged,
        parts,
        verdict,
        notes,
        Evaluated(compared, against, holdout, metrics, slices, counted(judged.rows, config.columns)),
    )


def _read(work: Work, asked: Adoption, parts: Spans, ours: Version | None) -> Read:
    """Read the reference rows and those after the rows learned from; without rows or labels the model is refused."""
    config, window = work.config, work.request.window
    phases.enter("adopting: reading rows")
    end = max(parts.reference.end, min(window.end, parts.learned.end + config.training.window))
    fresh = read_with(config, Window(start=parts.reference.start, end=end), ours, work.request.now)
    target = config.columns.target
    reference = within(fresh.frame, config.columns.time, parts.reference)
    if reference.empty:
        raise AdoptionRefused(
            asked.given,
            f"its reference would be empty: {no_rows(config, parts.reference)}",
            expected="rows in the span of --trained-on, or in training.window before now",
            remedy="correct --trained-on, or adopt with --now at the end of the data",
        )
    weighable(weights_of(fresh.frame, config.columns))
    known = fresh.frame[counts(fresh.frame, config.columns)]
    known = labelled(known, known[target], config.task)[0]
    if known.empty:
        raise AdoptionRefused(
            asked.given,
            f"there is nothing to measure its loss on: none of {len(fresh.frame):,} rows from "
            f"{parts.reference.start:%Y-%m-%d} to {end:%Y-%m-%d} has a label",
            expected="labeled rows, on which the reference loss is measured",
            remedy="check columns.target and columns.label_delay, or name another span by --trained-on",
        )
    allowed(known[target], config.loss)
    return Read(reference, known, fresh.source_types)


def _fetched(asked: Adoption) -> Any:
    """Return the folder of the model; another process may have fetched it for this request and died."""
    place = home.adopting(asked.digest)
    if not place.is_dir():
        locating.fetch(asked.uri, place)
    if origins.digest(place) != asked.digest:
        raise AdoptionRefused(
            asked.given,
            "its files have changed since it was requested",
            expected="the files of the request",
            remedy="`driftloop adopt` again",
        )
    return place


def _verdict(config: Project, work: Work, scorer: Scorer, compared: Any, judged: Judged, parts: Spans) -> Verdict:
    loss, naive = compared.known_mean("challenger"), compared.known_mean("naive baseline")
    asked = work.request.adopt
    assert asked is not None
    which = "rows that it may have learned from" if judged.in_sample else "rows after those that it was trained on"
    kind = type(scorer.estimator).__name__
    reason = (
        f"adopted {asked.given} ({kind}): {config.loss} {loss:.4g} on {len(judged.rows):,} {which}, naive baseline "
        f"{naive:.4g}"
    )
    return Verdict(
        passed=True,
        code="adopted",
        reason=reason,
        opponent="naive baseline" if compared.known_mean("champion") is None else "champion",
        champion_loss=compared.known_mean("champion"),
        baseline_loss=naive,
        challenger_loss=loss,
        difference=None,
        low=None,
        high=None,
        rows=len(judged.rows),
    )


def _notes(config: Project, verdict: Verdict, judged: Judged, parts: Spans) -> tuple[str, ...]:
    notes = []
    if not parts.known:
        notes.append(
            f"without --trained-on the reference is the training window of the config ({parts.reference}), and the "
            f"model is taken to have learned from rows up to {parts.learned.end:%Y-%m-%d %H:%M}"
        )
    if judged.in_sample:
        notes.append(
            f"the reference loss is in-sample: fewer than {config.gate.min_rows:,} labeled rows (gate.min_rows) are "
            "newer than those that the model may have learned from. It may be too good: later losses then look worse"
        )
    loss, naive, champion = verdict.challenger_loss, verdict.baseline_loss, verdict.champion_loss
    if loss is not None and naive is not None and not loss < naive:
        notes.append(
            f"the model is no better than a constant: {config.loss} {loss:.4g}, naive baseline {naive:.4g}. Check that "
            f"it predicts {config.columns.target!r} in the same unit"
        )
    if champion is not None and loss is not None and champion < loss:
        notes.append(f"the champion that it replaces has a lower loss on the same rows: {champion:.4g}")
    return tuple(notes)


def _stored(
    work: Work,
    run_id: str,
    scorer: Scorer,
    reference: Canonical,
    train: pd.DataFrame,
    judged: Judged,
    parts: Spans,
    verdict: Verdict,
    notes: tuple[str, ...],
    evaluated: Evaluated,
) -> Progress:
    config, request = work.config, work.request
    asked = request.adopt
    assert asked is not None
    kind = f"{type(scorer.estimator).__module__}.{type(scorer.estimator).__name__}"
    learned = reference.frame if train.empty else train
    rows = Parts(train=learned, holdout=judged.rows)
    contents.log_datasets(run_id, config, {"reference": reference.frame, "holdout": judged.rows})
    challenger.log_training(
        config, scorer, rows, verdict, {"estimator": kind, "adopted_from": asked.given, **asked.params}, run_id
    )
    phases.enter("registering the model")
    progress = challenger.store(
        config,
        reference,
        parts.reference,
        rows,
        Final(scorer, learned_from(config, learned), refit=False),
        _estimator(config, judged, scorer),
        evaluated,
        verdict,
        request.request_id,
        run_id,
    )
    tags = {
        "driftloop.adopted": asked.given,
        "driftloop.adopted_class": kind,
        "driftloop.adopted_as": adopted_as(config.model, asked, request.settings),
        "driftloop.trained_on": json.dumps([parts.learned.model_dump(mode="json")]),
        NOTES: json.dumps(notes)[:4000],
        SAMPLE: "in_sample" if judged.in_sample else "out_of_sample",
    }
    return changed(progress, tags=progress.tags | tags)


def _estimator(config: Project, judged: Judged, scorer: Scorer) -> LossModel:
    """Return the estimator of the loss; rows that the model may have learned from would teach it too low a loss."""
    if not judged.in_sample:
        return estimating.fit_estimator(config, judged.rows, scorer)
    why = "there are no labeled rows that the adopted model has not learned from"
    estimator = impossible("cbpe" if scorer.classes else "dle", config.loss.name, why)
    return LossModel(Head(estimator=estimator, features=scorer.features, classes=scorer.classes))
