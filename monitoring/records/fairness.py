"""Rates of groups and the gap between them: what a check or the gate found."""

from __future__ import annotations

from driftloop.monitoring.records.base import Record
from driftloop.monitoring.records.figures import figure


class GroupRate(Record):
    """A rate of one group, with a 95% CI; the value is null where it was not measured, and `reason` is why."""

    group: str
    rows: int
    value: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str | None = None


class FairnessGap(Record):
    """A rate of all groups of a column, and the gap between the highest and the lowest, with a 95% CI.

    `by` is the column, or the name of its bins. `p_value` is one-sided: the probability of such a gap by chance if no
    two groups are further apart than `max_gap`; null without that limit. `exceeded` is decided by all that a check
    tests together. `reason` is why there is no gap.
    """

    by: str
    rate: str
    groups: tuple[GroupRate, ...]
    gap: float | None = None
    low: float | None = None
    high: float | None = None
    highest: str | None = None
    lowest: str | None = None
    max_gap: float | None = None
    p_value: float | None = None
    exceeded: bool = False
    reason: str | None = None

    def sentence(self) -> str:
        """Return the gap with its interval and both groups, or why there is none.

        >>> rates = {"sex = f": 0.31, "sex = m": 0.12}
        >>> groups = tuple(GroupRate(group=name, rows=400, value=value) for name, value in rates.items())
        >>> FairnessGap(by="sex", rate="error", groups=groups, gap=0.19, low=0.12, high=0.26, highest="sex = f",
        ...             lowest="sex = m", max_gap=0.1).sentence()
        'error by sex: gap 0.19 (95% CI 0.12 to 0.26, at most 0.1 allowed): sex = f 0.31, sex = m 0.12'
        """
        if self.gap is None or self.low is None or self.high is None:
            return f"{self.rate} by {self.by}: {self.reason}"
        values = {each.group: each.value for each in self.groups if each.value is not None}
        ends = ", ".join(f"{name} {figure(values[name])}" for name in (self.highest, self.lowest) if name in values)
        limit = "" if self.max_gap is None else f", at most {self.max_gap:g} allowed"
        interval = f"95% CI {figure(self.low)} to {figure(self.high)}{limit}"
        return f"{self.rate} by {self.by}: gap {figure(self.gap)} ({interval}): {ends}"

    @property
    def uncompared(self) -> tuple[GroupRate, ...]:
        """Return the groups without a rate."""
        return tuple(each for each in self.groups if each.value is None)


def fairness_summary(gaps: tuple[FairnessGap, ...], most: int = 3) -> str:
    """Return how many gaps are significantly too large, and the largest `most` of all."""
    wide = [each for each in gaps if each.exceeded]
    known = [each for each in gaps if each.gap is not None]
    limited = any(each.max_gap is not None for each in gaps)
    text = f"{len(wide):,} of {len(known):,} gaps {'is' if len(wide) == 1 else 'are'} too large" if limited else ""
    shown = wide or sorted(known, key=lambda each: -(each.gap or 0.0)) or list(gaps)
    if shown and most:
        text += f"{': ' if text else ''}{'; '.join(each.sentence() for each in shown[:most])}"
    return text
