"""The policy to take: chosen on the earlier part of what was played, judged on the later part. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from driftloop.monitoring.records import Record, Window
from driftloop.pipelines.backtest.candidates import Candidate
from driftloop.pipelines.backtest.costs import PolicyReplay
from driftloop.pipelines.backtest.replay import Replay
from driftloop.pipelines.backtest.standings import batch_costs, regret_interval, settings_of

# A policy that costs up to this times as much as the cheapest is as cheap: rules of one kind differ by chance.
TIE = 1.01


class Recommendation(Record):
    """Policy chosen on the earlier part, and its cost on the held-out later part.

    `cheapest` cost least on the earlier part. Regrets are percent of the oracle on that part. `saving`
    is how much less it costs than the config's policies on the later part, in percent of theirs, with a 95% CI;
    None where those were not compared. `confirmed`: the lower end of that interval is above 0. Only then there are
    `triggers`, as in YAML: what should not be used is not shown as if it were to be pasted.
    """

    name: str
    cheapest: str
    triggers: tuple[dict[str, Any], ...]
    earlier: Window
    later: Window
    earlier_regret: float
    later_regret: float
    own_regret: float | None
    best_regret: float
    best_name: str
    saving: float | None
    saving_low: float | None
    saving_high: float | None
    confirmed: bool
    own: bool


def recommend(
    play: Callable[[int, int], Replay],
    candidates: Sequence[Candidate],
    windows: Sequence[Window],
    start: int,
    seed: int = 0,
) -> Recommendation | None:
    """Choose on the earlier half of what is played, judge on the later half. None where there is nothing to choose.

    Chosen is the config's own, unless something costs less by more than a tie; then the first policy in the order of
    the grid that costs less than the config's, and not significantly more than the cheapest. The grid is ordered by the
    mean regret over many streams: a few batches separate good rules from bad ones, but not good rules from each other.
    The later half decides whether the choice is confirmed.

    `play(end, start)` replays the batches from `start` to before `end`, all before `start` being known.
    """
    size = len(windows)
    half = start + (size - start) // 2
    earlier, later = play(half, start), play(size, half)
    kinds = {one.name: one for one in candidates}
    choice = [one for one in earlier.policies if kinds[one.name].kind != "anchor" and one.applicable]
    if len(choice) < 2:
        return None
    cheapest = min(choice, key=lambda one: one.total_cost)
    best = _chosen(choice, kinds, cheapest, lambda one: _costlier(one, cheapest, earlier, seed))
    after = {one.name: one for one in later.policies}
    own = next((one for one in later.policies if kinds[one.name].kind == "own"), None)
    saving: tuple[float | None, float | None, float | None] = (None, None, None)
    if own is not None and own.total_cost > 0:
        low, high = regret_interval(batch_costs(after[best.name], later), batch_costs(own, later), seed)
        saving = (100 * (1 - after[best.name].total_cost / own.total_cost), -high, -low)
    top = min(later.policies, key=lambda one: one.total_cost)
    confirmed = saving[1] is not None and saving[1] > 0
    return Recommendation(
        name=best.name,
        cheapest=cheapest.name,
        triggers=tuple(settings_of(trigger) for trigger in kinds[best.name].triggers) if confirmed else (),
        earlier=Window(start=windows[start].start, end=windows[half - 1].end),
        later=Window(start=windows[half].start, end=windows[-1].end),
        earlier_regret=best.regret,
        later_regret=after[best.name].regret,
        own_regret=own.regret if own else None,
        best_regret=top.regret,
        best_name=top.name,
        saving=saving[0],
        saving_low=saving[1],
        saving_high=saving[2],
        confirmed=confirmed,
        own=kinds[best.name].kind == "own",
    )


def _chosen(
    choice: Sequence[PolicyReplay],
    kinds: Mapping[str, Candidate],
    cheapest: PolicyReplay,
    costlier: Callable[[PolicyReplay], bool],
) -> PolicyReplay:
    """Return the config's own in a tie, otherwise the first in the order of the grid that is cheaper than it."""
    own = next((one for one in choice if kinds[one.name].kind == "own"), None)
    if own is not None and own.total_cost <= TIE * cheapest.total_cost:
        return own
    limit = math.inf if own is None else own.total_cost
    return next(one for one in choice if one.total_cost < limit and not costlier(one))


def _costlier(one: PolicyReplay, cheapest: PolicyReplay, earlier: Replay, seed: int) -> bool:
    """Return whether it costs significantly more than the cheapest."""
    low, _ = regret_interval(batch_costs(one, earlier), batch_costs(cheapest, earlier), seed)
    return one.total_cost > cheapest.total_cost and low > 0
