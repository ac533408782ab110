"""The cheapest schedule in hindsight for an oracle that may also switch back to any earlier version, at no cost."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from driftloop.pipelines.backtest.cures import Gains, Served
from driftloop.pipelines.backtest.world import Walked

Floats = NDArray[np.float64]
# Recalibrations that are considered: in a longer history those that win the most over the models that are there.
MOST = 1000


def best_with_switches(
    loss: Floats,
    cost: float,
    start: int,
    label_delay: int = 0,
    history: Collection[int] = (),
    gains: Gains | None = None,
    price: float = 0.0,
) -> tuple[float, Walked]:
    """Return the least total cost from batch `start` on, and its course.

    As in `best_schedule`, except that each batch is served by the best of all models that exist by then: the first, the
    `history`, and every model trained since. With `gains` any of these can also be recalibrated at `price` on the
    newest labeled batch, where its measured gain is significant, and not only the one that serves: no course of a
    policy is cheaper. Which versions to make is the uncapacitated facility location problem, solved exactly as an
    integer program (HiGHS); each version is a facility that opens at its cost and serves the batches after it, a
    recalibration only where its model is open.

    >>> nan = np.nan
    >>> loss = np.array([[nan, 1.0, 5.0, 1.0], [nan, nan, 1.0, 5.0], [nan, nan, nan, 4.5], [nan] * 4])
    >>> least, walked = best_with_switches(loss, cost=1.0, start=1)
    >>> least, walked.retrains, [version.model for version in walked.served]
    (4.0, (1,), [0, 1, 0])
    """
    played, ends = np.arange(start, len(loss)), np.arange(start, len(loss) - 1)
    free = [Served(model) for model in sorted({start - 1 - label_delay, *history})]
    trained = [Served(int(end) - label_delay) for end in ends]
    held = loss[[version.model for version in free]][:, played].min(axis=0)
    cured = [] if gains is None else _recalibrations(gains, [*free, *trained], ends - label_delay)
    versions = [*trained, *cured]
    costs = np.array([cost] * len(trained) + [price] * len(cured))
    # What each version would win on each batch that it could serve, over the best of the free ones.
    gain = np.zeros((len(versions), len(played)))
    for at, version in enumerate(versions):
        later = played > version.newest + label_delay
        lost = loss[version.model, played] - (0.0 if gains is None else _leads(gains, version, played))
        gain[at, later] = np.maximum(held - lost, 0.0)[later]
    gain = np.nan_to_num(gain)
    # A recalibrated model serves only where it is better than as it was; one that wins less than its price over the
    # free models is never made.
    for at, version in enumerate(versions):
        if gains is not None and version.fitted is not None:
            gain[at, _leads(gains, version, played) <= 0] = 0.0
    won = gain[len(trained) :].sum(axis=1)
    best = np.argsort(won, kind="stable")[::-1][:MOST]
    pays = np.r_[np.ones(len(trained), dtype=bool), np.isin(np.arange(len(cured)), best) & (won > price)]
    versions, costs, gain = [one for one, kept in zip(versions, pays, strict=True) if kept], costs[pays], gain[pays]
    places = {version: at for at, version in enumerate(versions)}
    needs = {
        at: places[Served(version.model)]
        for at, version in enumerate(versions)
        if version.fitted is not None and Served(version.model) not in free
    }
    opened = _facilities(gain, costs, needs)
    made = [version for version, is_open in zip(versions, opened, strict=True) if is_open]
    served = []
    for batch in played:
        there = [*free, *(version for version in made if version.newest + label_delay < batch)]
        served.append(min(there, key=lambda one, at=batch: _lost(loss, gains, one, at)))  # type: ignore[misc]
    total = sum(_lost(loss, gains, version, int(batch)) for version, batch in zip(served, played, strict=True))
    retrains, cures = (
        tuple(version.newest + label_delay for version in made if (version.fitted is None) is plain)
        for plain in (True, False)
    )
    moves = _switches(Served(start - 1 - label_delay), served, {one.newest + label_delay: one for one in made}, start)
    walked = Walked(tuple(served), retrains, switches=moves, cures=cures, judged=len(ends))
    return total + float(costs[opened].sum()), walked


def _switches(first: Served, served: Sequence[Served], made: Mapping[int, Served], start: int) -> tuple[int, ...]:
    """Return the batches at whose end another version takes over than the one before or the one just made."""
    serves, moves = first, []
    for batch, version in enumerate(served, start):
        if version != made.get(batch - 1, serves):
            moves.append(batch - 1)
        serves = version
    return tuple(moves)


def _recalibrations(gains: Gains, models: list[Served], batches: NDArray[np.int64]) -> list[Served]:
    """Return all recalibrations of these models on one of the batches after their training."""
    pairs = ((one.model, int(batch)) for one in models for batch in batches if batch > one.model)
    return [Served(*pair) for pair in pairs if gains.measured(*pair) is not None]


def _leads(gains: Gains, version: Served, batches: NDArray[np.int64]) -> Floats:
    return np.array([gains.lead(version, int(batch)) for batch in batches])


def _lost(loss: Floats, gains: Gains | None, version: Served, batch: int) -> float:
    return float(loss[version.model, batch]) - (0.0 if gains is None else gains.lead(version, batch))


def _facilities(gain: Floats, costs: Floats, needs: dict[int, int]) -> NDArray[np.bool_]:
    """Return which rows to open so that the sum of the best gains per column minus the costs of open rows is largest.

    A row that needs another is open only where that one is.
    """
    from scipy.optimize import LinearConstraint, milp
    from scipy.sparse import coo_array, csr_array

    rows, columns = np.nonzero(gain)
    count, pairs = len(gain), len(rows)
    if not pairs:
        return np.zeros(count, dtype=bool)
    one, at = np.ones(pairs), np.arange(pairs)
    # Variables: each row open or not, then the share of a column that a row serves.
    opened = coo_array((np.r_[one, -one], (np.r_[at, at], np.r_[count + at, rows])), shape=(pairs, count + pairs))
    once = coo_array((one, (columns, count + at)), shape=(gain.shape[1], count + pairs))
    limits = [LinearConstraint(csr_array(opened), ub=0), LinearConstraint(csr_array(once), ub=1)]
    if needs:
        each, one = np.arange(len(needs)), np.ones(len(needs))
        entries = (np.r_[one, -one], (np.r_[each, each], np.r_[list(needs), list(needs.values())]))
        limits.append(LinearConstraint(csr_array(coo_array(entries, shape=(len(needs), count + pairs))), ub=0))
    found = milp(
        np.r_[costs, -gain[rows, columns]],
        integrality=np.r_[np.ones(count), np.zeros(pairs)],
        bounds=(0, 1),
        constraints=limits,
    )
    chosen: NDArray[np.bool_] = found.x[:count] > 0.5
    return chosen
