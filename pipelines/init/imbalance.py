"""Proposals for two classes, one of which is rare: metrics, minimum numbers of it, and what a weight would be."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from driftloop.pipelines.init.spans import Spans

RARE = 0.05


@dataclass(frozen=True)
class Imbalance:
    """Two classes in sorted order with their labeled rows; the rarer one has less than 5% of them."""

    first: str
    second: str
    firsts: int
    seconds: int

    @property
    def rare(self) -> str:
        """The rarer class."""
        return self.second if self.seconds < self.firsts else self.first

    @property
    def rows(self) -> int:
        """The labeled rows of the rarer class."""
        return min(self.firsts, self.seconds)

    @property
    def total(self) -> int:
        """All labeled rows."""
        return self.firsts + self.seconds

    @property
    def share(self) -> float:
        """The share of the rarer class."""
        return self.rows / self.total

    @property
    def counted(self) -> str:
        """The share of the rarer class with the numbers behind it."""
        return f"{self.rare!r} is {self.share:.1%} of the labels: {self.rows:,} of {self.total:,}"

    def metrics(self, target: str) -> str:
        """Return the lines of `metrics`, with the numbers behind them as comments.

        The threshold is the share of the rare class: rows of more than average risk. At 0.5 hardly any row would be
        predicted as it.
        """
        if self.rare == self.first:
            name = self.first.replace("'", "''")
            return (
                f"# {self.counted}, and accuracy does not show it. pr_auc, precision and recall\n"
                f"# are those of the second class in sorted order, {self.second!r}. To measure {self.first!r}\n"
                "# with them, derive a target in which it is the second one:\n"
                f"# CASE WHEN {target} = '{name}' THEN 1 WHEN {target} IS NOT NULL THEN 0 END\n"
                "metrics: [roc_auc, balanced_accuracy, calibration_error]\n"
            )
        at = float(f"{self.share:.2g}")
        asked = ", ".join(f"{{metric: {name}, threshold: {at:g}}}" for name in ("recall", "precision"))
        return (
            f"# {self.counted}; predicting {self.first!r} always is right in {1 - self.share:.1%} of the rows\n"
            f"metrics: [roc_auc, pr_auc, {asked}, calibration_error]   # threshold: the share of {self.rare!r}\n"
        )

    def per_window(self, spans: Spans) -> int:
        """Return the minimum number of labeled rows of each class in a window: half of what is expected of the rare."""
        return max(1, min(30, int(spans.rows * self.share / 2)))

    def per_holdout(self, spans: Spans) -> int:
        """Return the minimum number of rows of each class at the gate: half of what is expected of the rare.

        The gate has the newer half of the holdout; the older one decides which window to train on.
        """
        return max(2, min(50, int(self.at_gate(spans) / 2)))

    def at_gate(self, spans: Spans) -> float:
        """Return the number of rows of the rare class that are expected at the gate."""
        return spans.held(spans.holdout) / 2 * self.share

    @property
    def params(self) -> str:
        """Return the commented line of `scale_pos_weight`, with the number behind it and what it does."""
        ratio = self.firsts / self.seconds
        rows = f"{self.firsts:,} rows of {self.first!r} / {self.seconds:,} of {self.second!r}"
        return (
            f"  # params: {{scale_pos_weight: {ratio:.3g}}}   # {rows}\n"
            "  # It multiplies the predicted odds, so log_loss, brier and calibration_error get worse; set it only\n"
            "  # if you use the order of the predictions alone.\n"
        )


def imbalance(classes: Counter[str]) -> Imbalance | None:
    """Return the classes if there are two, one of them below 5% of the rows; None otherwise.

    >>> imbalance(Counter({"0": 9708, "1": 292})).rare, imbalance(Counter({"0": 90, "1": 10}))
    ('1', None)
    >>> imbalance(Counter({"churn": 20, "stay": 980})).metrics("y").splitlines()[-1]
    'metrics: [roc_auc, balanced_accuracy, calibration_error]'
    """
    if len(classes) != 2:
        return None
    first, second = sorted(classes)
    found = Imbalance(first, second, classes[first], classes[second])
    return found if found.share < RARE else None
