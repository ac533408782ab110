"""Causes of a rise of the loss, the cures that were measured, and the recommended one."""

from __future__ import annotations

from typing import Literal

from driftloop.monitoring.records.base import Record
from driftloop.monitoring.records.figures import figure

Cause = Literal["harder_rows", "changed_relation", "broken_column", "segment", "unclear"]
Action = Literal["leave", "fix_data", "recalibrate", "retrain", "retrain_other_window", "switch_back"]
Break = Literal["missing", "constant", "unit", "out_of_range", "unseen"]

CAUSES: dict[Cause, str] = {
    "harder_rows": "harder rows",
    "changed_relation": "a changed relation to the target",
    "broken_column": "a broken column",
    "segment": "a changed relation in one segment",
    "unclear": "unclear",
}
ACTIONS: dict[Action, str] = {
    "leave": "leave it",
    "fix_data": "fix the data",
    "recalibrate": "recalibrate",
    "retrain": "retrain",
    "retrain_other_window": "retrain on another window",
    "switch_back": "switch back",
}


class Amount(Record):
    """A difference of mean losses with its 95% CI, in the unit of the loss."""

    value: float
    low: float
    high: float

    @property
    def significant(self) -> bool:
        """Return whether the whole interval is above zero."""
        return self.low > 0

    def __str__(self) -> str:
        """Return value and interval as text.

        >>> str(Amount(value=0.5, low=0.4, high=0.61))
        '+0.5 (95% CI 0.4 to 0.61)'
        """
        return f"{signed(self.value)} (95% CI {figure(self.low)} to {figure(self.high)})"


class Split(Record):
    """A rise of the mean loss in two parts, whose sum it is.

    `harder` is the rise that the same model would have with the relation of the reference: the rows are harder.
    `changed` is the rise at equal values of the columns: the relation to the target changed.
    """

    rise: Amount
    harder: Amount
    changed: Amount


class PartSplit(Split):
    """The split of a slice, or by one feature alone.

    Of a slice: the rise on its rows, `share` is its part of the current rows. Of a feature: the whole rise; `harder`
    is explained by the values of this column alone.
    """

    name: str
    of: Literal["feature", "slice"]
    share: float = 1.0


class BrokenColumn(Record):
    """A column that is broken in the current rows, and the rise of the loss by that alone.

    `rise` is measured on the held-out rows of the reference: the champion predicts them with the column broken alike.
    `share` is the part of the current rows in which it is broken.
    """

    column: str
    kind: Break
    share: float
    message: str
    rise: Amount


class Segment(Record):
    """Rows of one condition in DuckDB's SQL on which the relation changed, compared with all other rows."""

    where: str
    share: float
    inside: Amount
    outside: Amount

    def sentence(self) -> str:
        """Return the condition with both rises as text."""
        return f"{self.where} ({self.share:.0%} of the rows): {self.inside}; other rows {self.outside}"


class Cure(Record):
    """One measured cure: by how much it would lower the loss. `low` is null where no interval was measured."""

    action: Action
    gain: float
    low: float | None = None
    message: str


class Advice(Record):
    """The recommended action, the number behind it, and one sentence; `cures` are all that were measured."""

    action: Action
    number: float
    message: str
    cures: tuple[Cure, ...] = ()

    @property
    def title(self) -> str:
        """Return the action as text."""
        return ACTIONS[self.action]


class Causes(Record):
    """Why the loss of a champion rose significantly between its held-out rows and the labeled rows of a check.

    `reason` is why the causes could not be found; `split`, `cause` and `advice` are then null. `common` is the share
    of rows with values that both sides have (0 to 1): near 0 the two parts cannot be separated. `rows` and
    `reference_rows` were compared; `recalibration` is the measured gain of a recalibration of the champion.
    """

    rows: int = 0
    reference_rows: int = 0
    reason: str | None = None
    split: Split | None = None
    common: float | None = None
    cause: Cause | None = None
    broken: tuple[BrokenColumn, ...] = ()
    segment: Segment | None = None
    parts: tuple[PartSplit, ...] = ()
    recalibration: Cure | None = None
    advice: Advice | None = None

    @property
    def features(self) -> tuple[PartSplit, ...]:
        """Return the splits by one feature, those that explain most first."""
        found = [each for each in self.parts if each.of == "feature"]
        return tuple(sorted(found, key=lambda each: (-each.harder.value, each.name)))

    @property
    def slices(self) -> tuple[PartSplit, ...]:
        """Return the splits of the slices, those with the largest rise first."""
        found = [each for each in self.parts if each.of == "slice"]
        return tuple(sorted(found, key=lambda each: (-each.rise.value, each.name)))

    @property
    def figures(self) -> dict[str, float]:
        """Return the three parts of the rise by name; empty where the causes are not known."""
        parts = {} if self.split is None else dict(self.split)
        return {f"loss_rise/{name}": part.value for name, part in parts.items()}

    @property
    def words(self) -> dict[str, str]:
        """Return cause and recommended action as one word each; empty where they are not known."""
        return {"cause": self.cause or "", "advice": self.advice.action if self.advice else ""}

    @property
    def lines(self) -> tuple[tuple[str, str], ...]:
        """Return cause and recommended action as text, each with its label."""
        advice = self.advice
        action = [("what to do", f"{advice.title}: {advice.message}")] if advice is not None else []
        return (("why worse", self.sentence()), *action)

    def sentence(self) -> str:
        """Return cause and split as one sentence."""
        if self.split is None or self.cause is None:
            return f"not applicable: {self.reason}"
        text = f"{CAUSES[self.cause]}: rise {self.split.rise}; harder rows {self.split.harder}"
        text += f", changed relation {self.split.changed}"
        if self.cause == "broken_column":
            text += f"; {self.broken[0].message}"
        elif self.cause == "segment" and self.segment is not None:
            text += f"; {self.segment.sentence()}"
        return text


def signed(value: float) -> str:
    """Return a number with its sign.

    >>> signed(0.5), signed(-0.25)
    ('+0.5', '-0.25')
    """
    return f"+{figure(value)}" if value >= 0 else figure(value)
