"""Texts on gaps between groups."""

from __future__ import annotations

from driftloop.monitoring.records import FairnessGap, GroupRate, fairness_summary

GROUPS = (GroupRate(group="sex = f", rows=400, value=0.3), GroupRate(group="sex = m", rows=9, reason="9 rows"))
KNOWN = FairnessGap(
    by="sex", rate="error", groups=GROUPS, gap=0.2, low=0.1, high=0.3, highest="sex = f", lowest="sex = m"
)


def test_the_summary_counts_and_names_the_widest() -> None:
    """With a limit the gaps that are too large, otherwise the widest; a rate without a gap has its reason."""
    wide = KNOWN.model_copy(update={"exceeded": True, "max_gap": 0.05})
    none = FairnessGap(by="age", rate="error", groups=(), reason="no group has enough labeled rows, two are needed")
    assert fairness_summary((wide, none)).startswith("1 of 1 gaps is too large: error by sex: gap 0.2")
    assert fairness_summary((KNOWN,)) == "error by sex: gap 0.2 (95% CI 0.1 to 0.3): sex = f 0.3"
    assert fairness_summary((none,)) == "error by age: no group has enough labeled rows, two are needed"
    assert KNOWN.uncompared == (GROUPS[1],)
