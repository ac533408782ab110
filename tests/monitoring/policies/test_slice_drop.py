"""The trigger on a rise of the loss on one slice."""

from __future__ import annotations

from driftloop.monitoring.policies import SliceDrop
from driftloop.monitoring.records import History, changed
from tests.signals import NOW, signals, slices


def test_a_significant_rise_fires_from_its_limit_on() -> None:
    """The worst slice decides, and the reason has its name and numbers; the average loss plays no part."""
    values = changed(signals(loss=None), slices=slices(0.25))
    vote = SliceDrop(max_rise=0.25).judge(values, History(), NOW)
    assert (vote.vote, vote.observed) == ("fire", 0.25)
    assert vote.reason.startswith("a: 1.25 against 1 at training (+25.0%, 400 rows)")
    assert SliceDrop(max_rise=0.26).judge(values, History(), NOW).vote == "hold"


def test_a_rise_within_chance_holds() -> None:
    """A slice that is not worse does not fire, whatever the limit."""
    vote = SliceDrop(max_rise=0).judge(changed(signals(), slices=slices(0.05)), History(), NOW)
    assert (vote.vote, vote.reason) == ("hold", "none of 2 judged slices is significantly worse than at training")


def test_without_a_judged_slice_it_is_not_applicable() -> None:
    """No slices, no labels, or no reference yet: it cannot judge, and gives the reason."""
    assert SliceDrop().judge(signals(), History(), NOW).vote == "not_applicable"
    unknown = tuple(changed(each, p_value=None, standing="no_reference") for each in slices(1.0))
    vote = SliceDrop().judge(changed(signals(), slices=unknown), History(), NOW)
    assert vote.vote == "not_applicable"
    assert vote.reason == (
        "none of 2 slices has a reference and enough labeled rows; `driftloop retrain` measures the loss of each slice "
        "for the next champion"
    )
    few = tuple(changed(each, p_value=None, standing="too_few_rows") for each in slices(1.0))
    vote = SliceDrop().judge(changed(signals(), slices=few), History(), NOW)
    assert vote.reason == "none of 2 slices has a reference and enough labeled rows"
