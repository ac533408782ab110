"""Shares of models: of everyone the same answer, no one more than its share, and few moves."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from driftloop.pipelines.service.sharing import shares

NAMES = st.text("abcdef", min_size=1, max_size=3)
OFFERS = st.dictionaries(NAMES, st.sets(NAMES, max_size=12), min_size=1, max_size=6)


@given(OFFERS)
def test_every_model_goes_to_one_member_that_can_check_it(offers: dict[str, set[str]]) -> None:
    """None is left out, and the order in which members are read changes nothing."""
    found = shares(offers)
    assert found.keys() == set().union(*offers.values())
    assert all(model in offers[member] for model, member in found.items())
    assert shares(dict(reversed(offers.items()))) == found


@given(st.sets(NAMES, min_size=1, max_size=6), st.sets(NAMES, max_size=40))
def test_no_member_has_more_than_its_share(members: set[str], models: set[str]) -> None:
    """Of the same files, a member has at most the number of models divided by that of members, rounded up."""
    counts = Counter(shares(dict.fromkeys(members, models)).values())
    assert max(counts.values(), default=0) <= -(-len(models) // len(members))


def test_a_member_that_comes_or_goes_moves_few_models() -> None:
    """Of 1,000 models the fifth member takes its 200; besides, few change hands to keep the shares even."""
    models = [f"m{at}" for at in range(1000)]
    four = shares(dict.fromkeys("abcd", models))
    five = shares(dict.fromkeys("abcde", models))
    assert Counter(five.values())["e"] == 200
    moved = sum(four[model] != five[model] for model in models)
    assert moved < 350
