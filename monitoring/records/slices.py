"""The loss of one slice of the rows: what a champion's version remembers of it, and what a check found."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from driftloop.monitoring.records.base import Loss, Record
from driftloop.monitoring.records.figures import figure
from driftloop.monitoring.records.metrics import MetricValue

LEAST_ROWS = 50  # with fewer labeled rows a slice is not judged
SliceStanding = Literal["well", "worse", "no_reference", "too_few_rows"]


class SliceReference(Record):
    """A champion's mean loss on the rows of a slice that it was not trained on, with its standard error.

    `rule` is the definition of the slice; `error` is null where it is infinite. `metrics` are by name. `rows` are the
    effective number of rows under `columns.weight`.
    """

    name: str
    rule: str
    rows: int
    loss: Loss
    error: Loss
    metrics: dict[str, float] = Field(default_factory=dict)


class SliceScore(Record):
    """A champion's mean loss on the labeled rows of a slice, with a 95% CI, against its loss there at training.

    `p_value` is one-sided: the probability of such a rise by chance. `worse` is decided by all slices of a check
    together. `rows` are the effective number of rows under `columns.weight`. `no_reference`: the version was trained
    before the slice was configured, or held out too few of its rows. `metrics` are those of the model, on the rows of
    the slice, without intervals.
    """

    name: str
    rule: str
    rows: int
    loss: Loss
    low: float
    high: Loss
    reference_loss: Loss | None = None
    reference_rows: int | None = None
    p_value: float | None = None
    standing: SliceStanding
    metrics: tuple[MetricValue, ...] = ()

    @property
    def rise(self) -> float | None:
        """Return the relative rise of the loss over the reference; None without a reference."""
        return None if self.reference_loss is None else relative_rise(self.loss, self.reference_loss)

    def sentence(self) -> str:
        """Return name, loss and reference as text.

        >>> SliceScore(name="night", rule="", rows=1200, loss=3.0, low=2.5, high=3.5, reference_loss=2.0,
        ...            reference_rows=300, p_value=0.001, standing="worse").sentence()
        'night: 3 against 2 at training (+50.0%, 1,200 rows)'
        """
        if self.rise is None or self.reference_loss is None:
            return f"{self.name}: {figure(self.loss)}, no reference yet ({self.rows:,} rows)"
        text = f"{self.name}: {figure(self.loss)} against {figure(self.reference_loss)} at training"
        return f"{text} ({self.rise:+.1%}, {self.rows:,} rows)"


class SliceDrift(Record):
    """The column that moved most on a slice, between the rows of the reference and the current ones (from samples).

    `score` is the share of the rows of the slice that moved to other values (total variation). `p_value` allows for
    the number of columns, and is null where chance is not known (`drift.calibration: blocks`). `drifted` is decided by
    all slices and columns of a check together.
    """

    name: str
    rule: str
    column: str
    score: float
    p_value: float | None = None
    rows: int
    reference_rows: int
    drifted: bool = False

    def sentence(self) -> str:
        """Return name, column and score as text.

        >>> SliceDrift(name="night", rule="", column="fare", score=0.31, rows=900, reference_rows=400).sentence()
        'night: fare moved by 31% (900 rows)'
        """
        return f"{self.name}: {self.column} moved by {self.score:.0%} ({self.rows:,} rows)"


class FoundSlice(Record):
    """Rows that no configured slice names, on which the champion loses more than on the other rows of the window.

    `where` is a condition in DuckDB's SQL, found by a tree on one half of the labeled rows. The losses are those on the
    other half. `p_value` is one-sided; `worse` is decided by all that a check tests together.
    """

    where: str
    rows: int
    loss: Loss
    low: float
    high: Loss
    other_loss: Loss
    other_rows: int
    p_value: float
    worse: bool = False

    def sentence(self) -> str:
        """Return the condition with both losses as text.

        >>> FoundSlice(where="hour > 21.5", rows=240, loss=3.0, low=2.5, high=3.5, other_loss=2.0, other_rows=900,
        ...            p_value=0.001).sentence()
        'hour > 21.5: 3 against 2 on other rows (+50.0%, 240 rows)'
        """
        rise = relative_rise(self.loss, self.other_loss)
        text = f"{self.where}: {figure(self.loss)} against {figure(self.other_loss)} on other rows"
        return f"{text} ({rise:+.1%}, {self.rows:,} rows)"


def drift_summary(drifts: tuple[SliceDrift, ...], most: int = 3) -> str:
    """Return how many slices have drifted, and the `most` of them that moved most."""
    found = sorted((each for each in drifts if each.drifted), key=lambda each: (-each.score, each.name))
    text = f"{len(found):,} of {len(drifts):,} slices {'has' if len(found) == 1 else 'have'} drifted"
    if found and most:
        more = f" and {len(found) - most:,} more" if len(found) > most else ""
        text += f": {'; '.join(each.sentence() for each in found[:most])}{more}"
    return text


def worst(slices: tuple[SliceScore, ...]) -> tuple[SliceScore, ...]:
    """Return the slices that are worse, those with the largest rise first."""
    found = [each for each in slices if each.standing == "worse"]
    return tuple(sorted(found, key=lambda each: (-(each.rise or 0.0), each.name)))


def summary(slices: tuple[SliceScore, ...], most: int = 3) -> str:
    """Return how many slices are worse, the worst `most` of them, and how many could not be judged.

    >>> one = SliceScore(name="night", rule="", rows=90, loss=3.0, low=2.5, high=3.5, standing="no_reference")
    >>> summary((one,))
    '0 of 0 judged slices are worse; 1 has no reference yet: a retrain measures it'
    """
    found = worst(slices)
    judged = sum(each.p_value is not None for each in slices)
    text = f"{len(found)} of {judged:,} judged slices {'is' if len(found) == 1 else 'are'} worse"
    if found:
        more = f" and {len(found) - most:,} more" if len(found) > most else ""
        text += f": {'; '.join(each.sentence() for each in found[:most])}{more}"
    unjudged = [each for each in slices if each.standing == "no_reference" and each.p_value is None]
    if rare := sum(each.reference_rows is not None and each.reference_rows < LEAST_ROWS for each in unjudged):
        text += f"; {rare:,} with fewer than {LEAST_ROWS} held-out rows at training, too few to compare with"
    if unknown := len(unjudged) - rare:
        some, them = ("has", "it") if unknown == 1 else ("have", "them")
        text += f"; {unknown:,} {some} no reference yet: a retrain measures {them}"
    if few := sum(each.standing == "too_few_rows" for each in slices):
        text += f"; {few:,} with fewer than {LEAST_ROWS} labeled rows"
    return text


def relative_rise(loss: float, reference_loss: float) -> float:
    """Return the rise of a loss as a share of the reference loss; above a reference loss of 0 it is infinite.

    >>> round(relative_rise(1.1, 1.0), 6), relative_rise(0.0, 0.0), relative_rise(0.1, 0.0)
    (0.1, 0.0, inf)
    """
    if reference_loss > 0:
        return loss / reference_loss - 1.0
    return 0.0 if loss <= reference_loss else float("inf")
