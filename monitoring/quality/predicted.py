"""Findings about predictions of a model elsewhere: rows without one, values that cannot be used, other versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from driftloop.monitoring.errors import listed
from driftloop.monitoring.records import Finding, FindingCode
from driftloop.monitoring.rows.scored import DISPUTED, NONE, NOT_FINITE, OUT_OF_RANGE, SUM_TOLERANCE, WRONG_SUM
from driftloop.monitoring.settings.columns import PREDICTION
from driftloop.monitoring.settings.predictions import Predictions
from driftloop.monitoring.sources import LabelCounts, Serving

# Share of the rows of a window without a prediction above which it is an error.
MOST_WITHOUT = 0.5
# Share up to which it is no more than the time that scoring takes.
FEW_WITHOUT = 0.01
ROW_WITHOUT_PREDICTION = FindingCode(
    name="row_without_prediction",
    severities=("info", "warning", "error"),
    meaning="rows have no prediction by the champion; their features count, loss and prediction drift are measured "
    "without them",
    cause="the model scores later than the check runs, it left rows out, another version scored them, or the ids of "
    "the two tables do not match",
    remedy="compare some values of `columns.id` and `predictions.id`; run the check after the rows are scored",
)
UNUSABLE_PREDICTION = FindingCode(
    name="unusable_prediction",
    severities=("error",),
    meaning="predictions are not finite numbers, or probabilities that are outside of 0 to 1 or do not have the sum 1; "
    "they count as missing",
    cause="an error of the model or of its log, or another column than the one with the predictions",
    remedy="correct the table, or the columns in `predictions.prediction`",
)
DISPUTED_PREDICTION = FindingCode(
    name="disputed_prediction",
    severities=("warning",),
    meaning="a version has several different predictions for an id at the same moment, so none of them counts",
    cause="rows were scored twice, or `predictions.id` lacks a column",
    remedy="remove the repeated predictions, or name all columns that make a row unique",
)
PREDICTION_WITHOUT_ROW = FindingCode(
    name="prediction_without_row",
    severities=("warning",),
    meaning="predictions have an id that no row of the source has",
    cause="rows are missing, the ids are spelled in another way, or the predictions are of other rows",
    remedy="compare some values of `columns.id` and `predictions.id`; the message has examples",
)
PREDICTION_WITHOUT_ID = FindingCode(
    name="prediction_without_id",
    severities=("warning",),
    meaning="predictions have no value in one of the columns of `predictions.id`",
    cause="the id is missing in the table of predictions",
    remedy="fill in the id; until then these predictions count for no row",
)
FUTURE_PREDICTION = FindingCode(
    name="future_prediction",
    severities=("warning",),
    meaning="predictions have a time after the time of the check",
    cause="a clock or time zone is wrong, or `predictions.time` is not the time at which a row was scored",
    remedy="check `predictions.time`; the predictions count once their time has come",
)
SEVERAL_VERSIONS = FindingCode(
    name="several_versions",
    severities=("info",),
    meaning="rows of the window were scored by several versions of the model",
    cause="a new version took over within the window, or several versions serve side by side",
    remedy="nothing; loss and prediction drift are those of the champion, the version of most rows",
)


@dataclass(frozen=True)
class Predicted:
    """What was counted of the rows of a window and their predictions by the champion.

    `states` has the number of rows by state (see `driftloop.monitoring.rows.scored`), `examples` a value by state,
    `ids` some ids by state.
    """

    rows: int = 0
    states: Mapping[int, int] = field(default_factory=dict)
    examples: Mapping[int, str] = field(default_factory=dict)
    ids: Mapping[int, Sequence[str]] = field(default_factory=dict)

    def such(self, state: int) -> str:
        """Ids of a state as text, to be put after a number."""
        return f", such as {listed(self.ids[state])}" if self.ids.get(state) else ""


def predictions(
    predicted: Predicted, counts: LabelCounts, serving: Serving, champion: str, given: Predictions
) -> Iterator[Finding]:
    """Report what is wrong with the predictions of a window; `champion` is the version as the table names it."""
    yield from _rows(predicted, champion)
    yield from _unusable(predicted)
    if counts.rowless:
        such = f", such as {listed(counts.examples)}" if counts.examples else ""
        message = f"{counts.rowless:,} of {counts.known:,} new predictions have an id that no row has{such}"
        yield PREDICTION_WITHOUT_ROW.found(message, observed=float(counts.rowless), limit=0.0)
    if counts.keyless:
        named = listed(given.id)
        message = f"{counts.keyless:,} predictions have no value in {named}; they count for no row"
        yield PREDICTION_WITHOUT_ID.found(message, observed=float(counts.keyless), limit=0.0)
    if counts.future:
        time = given.time
        message = f"{counts.future:,} predictions have a time in the future ({time}); they do not count yet"
        yield FUTURE_PREDICTION.found(message, observed=float(counts.future), limit=0.0)
    others = {version: rows for version, rows in serving.scored.items() if version != champion}
    if others or serving.disputed:
        each = [f"{version!r} {rows:,}" for version, rows in serving.scored.most_common(8)]
        each += [f"several at the same moment {serving.disputed:,}"] if serving.disputed else []
        message = f"the {serving.rows:,} rows were scored last by: {', '.join(each)}"
        yield SEVERAL_VERSIONS.found(message, observed=float(len(serving.scored)))


def _rows(predicted: Predicted, champion: str) -> Iterator[Finding]:
    without, disputed = (predicted.states.get(state, 0) for state in (NONE, DISPUTED))
    if without:
        share = without / predicted.rows
        message = f"{without:,} of {predicted.rows:,} rows ({share:.1%}) have no prediction by {champion!r}"
        yield ROW_WITHOUT_PREDICTION.found(
            message + predicted.such(NONE),
            severity="error" if share > MOST_WITHOUT else "warning" if share > FEW_WITHOUT else "info",
            observed=share,
            limit=MOST_WITHOUT,
        )
    if disputed:
        message = f"{disputed:,} rows have several predictions by {champion!r} of the same moment that differ"
        yield DISPUTED_PREDICTION.found(
            f"{message}{predicted.such(DISPUTED)}: none counts", observed=float(disputed), limit=0.0
        )


def _unusable(predicted: Predicted) -> Iterator[Finding]:
    why = {
        NOT_FINITE: "not a finite number",
        OUT_OF_RANGE: "not a probability between 0 and 1",
        WRONG_SUM: f"no probabilities with the sum 1 (to within {SUM_TOLERANCE:g})",
    }
    for state, text in why.items():
        count = predicted.states.get(state, 0)
        if count:
            example = f", such as {predicted.examples[state]}" if state in predicted.examples else ""
            message = f"{count:,} of {predicted.rows:,} predictions are {text}{example}: they count as missing"
            yield UNUSABLE_PREDICTION.found(message, column=PREDICTION, observed=float(count), limit=0.0)
