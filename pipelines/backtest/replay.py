"""A history replayed under many policies, through the very objects and the very `decide` that production uses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median_low
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from driftloop.monitoring.errors import NotReplayable
from driftloop.monitoring.policies import AnyGuard, AnyTrigger, Policy
from driftloop.monitoring.records import ColumnScore, Learned, Record, Signal, changed, utc
from driftloop.pipelines.backtest.grid import usual
from driftloop.pipelines.backtest.learning import learn
from driftloop.pipelines.backtest.oracle import best_schedule
from driftloop.pipelines.backtest.world import DAY, Walked, World, walk

Floats = NDArray[np.float64]
Scores = Callable[[int, int], tuple[ColumnScore, ...]]
Named = Policy | str | Mapping[str, Any]


class PolicyReplay(Record):
    """Result of one policy from batch `start` on. Costs are in units of the loss matrix.

    `schedule` are the batches at whose end it retrained, `probes` those at whose end it asked for a probe; `served[n]`
    is the model that served batch `start + n`, `losses[n]` its loss there. A false alarm is a retrain that gained less
    than it cost until the next one, compared with keeping the model. `regret` is in percent of the oracle.
    `judged` counts the batches at whose end it could judge, `missing` are the signals that it reads and this replay
    lacks. Where it could never judge it is not applicable, and its figures are merely those of `never`.
    """

    name: str
    total_cost: float
    loss: float
    retrain_cost: float
    probe_cost: float
    schedule: tuple[int, ...]
    probes: tuple[int, ...]
    false_alarms: int
    regret: float
    served: tuple[int, ...]
    losses: tuple[float, ...]
    judged: int
    missing: tuple[Signal, ...] = ()

    @property
    def retrains(self) -> int:
        return len(self.schedule)

    @property
    def applicable(self) -> bool:
        return self.judged > 0


class Replay(Record):
    """All policies and the oracle, which knows the future. `cost` is that of one retrain, in loss."""

    start: int
    batches: int
    label_delay: int
    cost: float
    learned: Learned
    oracle: PolicyReplay
    policies: tuple[PolicyReplay, ...]


def replay(
    loss_matrix: Floats,
    probe_matrix: Floats | None = None,
    *,
    policies: Sequence[Named | Sequence[Named]] | Mapping[str, Named | Sequence[Named]] | None = None,
    cost: float = 0.2,
    probe_cost: float = 0.05,
    label_delay: int = 0,
    history: float = 0.3,
    rows: Sequence[int] | None = None,
    errors: Floats | None = None,
    scores: Scores | None = None,
    learned: Learned | None = None,
    taught: bool = True,
    short: int = 0,
    every: timedelta | None = None,
    ends: Sequence[datetime] | None = None,
) -> Replay:
    """Replay policies on matrices of shape (B, B) and measure each against the cheapest schedule in hindsight.

    `loss_matrix[i, j]` is the mean loss on batch j of the model trained at the end of batch i, needed for j > i;
    `probe_matrix[j - 1, j]` that of the probes. `errors` are standard errors of the loss matrix, `rows` the rows of
    each batch, `scores(i, j)` the drift of batch j from the rows of model i. `policies` are policy objects, names, or
    mappings as in the YAML; several together (triggers and guards) as a sequence; a mapping names them; none is the
    grid of a backtest, as far as there is something to judge by.

    `cost` of a retrain is in units of one batch's loss; policies that weigh costs and were given none take this one.
    `probe_cost` is a share of that. The first `history` of the batches, a share, is known to all: what `learn` makes of
    it is in `Signals.learned`, unless `learned` is given; with `taught=False` the policies do without it, as before a
    first backtest, and it only sets the price. The first `short` models had less than a whole training window; `learn`
    prefers the others. The rest is played: decisions are made at the end of each
    batch, on the newest one whose labels are there (`label_delay` batches late), a retrain serves from the next.
    `ends` are the moments at which the batches ended, by which policies count their days and look into the calendar;
    without them a batch is as long as `every` (a day unless given), and rules about dates are not applicable.
    What does not fit raises `NotReplayable`, which is a `ValueError`.

    >>> ages = np.subtract.outer(np.arange(10), np.arange(10)).T - 1.0  # ages[i, j] = j - i - 1
    >>> done = replay(1 + 0.1 * ages, policies=["never", {"policy": "periodic", "every": 2}])
    >>> [(one.name, one.retrains, round(one.total_cost, 6)) for one in done.policies]
    [('never()', 0, 9.1), ('periodic(every=2)', 3, 7.9)]
    """
    loss = _checked("loss_matrix", loss_matrix)
    batches = len(loss)
    start = _start(batches, history, label_delay)
    probe = None if probe_matrix is None else _checked("probe_matrix", probe_matrix, batches, diagonal=True)
    spread = None if errors is None else _checked("errors", errors, batches)
    _nonnegative("cost", cost)
    _nonnegative("probe_cost", probe_cost)
    _nonnegative("short", short)
    counts = _counted(rows, batches)
    moments = None if ends is None else _moments(ends, batches)
    span = every or (DAY if moments is None else _usual(moments))
    known = start - label_delay
    learned = learned or learn(loss[:known, :known], None if probe is None else probe[:known, :known], short=short)
    price = cost * learned.batch_loss
    world = World(loss, probe, spread, counts, scores, learned if taught else None, start, label_delay, span, moments)
    best, schedule = best_schedule(loss, price, start, label_delay)
    oracle = _measured("oracle", world, Walked(schedule, judged=batches - 1 - start), price, 0.0, best)
    given = usual(with_drift=scores is not None) if policies is None else policies
    asked = {name: [one.priced(cost) if cost else one for one in group] for name, group in _named(given).items()}
    done = []
    for name, group in asked.items():
        made = _measured(name, world, walk(world, group), price, probe_cost * price, best)
        missing = frozenset().union(*(one.reads for one in group)) - world.known()
        done.append(changed(made, missing=tuple(sorted(missing))))
    return Replay(
        start=start,
        batches=batches,
        label_delay=label_delay,
        cost=price,
        learned=learned,
        oracle=oracle,
        policies=tuple(done),
    )


def _measured(
    name: str,
    world: World,
    walked: Walked,
    price: float,
    probe_price: float,
    best: float,
) -> PolicyReplay:
    """Add up what a schedule costs."""
    schedule, probes = walked.retrains, walked.probes
    loss, delay, batches = world.loss, world.label_delay, len(world.loss)
    served, model = [], world.first
    for batch in range(world.start, batches):
        model = batch - 1 - delay if batch - 1 in schedule else model
        served.append(model)
    losses = [float(loss[model, batch]) for batch, model in enumerate(served, world.start)]
    wrong, before = 0, world.first
    for end, following in pairwise((*schedule, batches - 1)):
        span = slice(end + 1, following + 1)
        wrong += float((loss[before, span] - loss[end - delay, span]).sum()) < price
        before = end - delay
    total = sum(losses) + price * len(schedule) + probe_price * len(probes)
    return PolicyReplay(
        name=name,
        total_cost=total,
        loss=sum(losses),
        retrain_cost=price * len(schedule),
        probe_cost=probe_price * len(probes),
        schedule=schedule,
        probes=probes,
        false_alarms=wrong,
        regret=100 * (total / best - 1) if best > 0 else 0.0,
        served=tuple(served),
        losses=tuple(losses),
        judged=walked.judged,
    )


def _named(
    policies: Sequence[Named | Sequence[Named]] | Mapping[str, Named | Sequence[Named]],
) -> dict[str, list[Policy]]:
    """Policies by name: the one given, or the rules themselves in one line."""
    if isinstance(policies, Mapping):
        return {name: [_policy(one) for one in _group(given)] for name, given in policies.items()}
    named: dict[str, list[Policy]] = {}
    for given in policies:
        group = [_policy(one) for one in _group(given)]
        named[" + ".join(one.rule for one in group)] = group
    return named


def _group(given: Named | Sequence[Named]) -> Iterable[Named]:
    return [given] if isinstance(given, Policy | str | Mapping) else given


def _policy(given: Named) -> Policy:
    if isinstance(given, Policy):
        return given
    adapter: TypeAdapter[Policy] = TypeAdapter(AnyTrigger | AnyGuard)
    return adapter.validate_python({"policy": given} if isinstance(given, str) else dict(given))


def _checked(name: str, matrix: Any, batches: int | None = None, *, diagonal: bool = False) -> Floats:
    """The matrix as floats, of the right shape and with a number wherever one is needed."""
    array = np.asarray(matrix, dtype=np.float64)
    shape = (batches, batches) if batches else ("B", "B")
    if array.ndim != 2 or array.shape[0] != array.shape[1] or (batches and len(array) != batches):
        raise NotReplayable(name, f"an array of shape {array.shape}", f"shape ({shape[0]}, {shape[1]})")
    needed = np.triu(np.ones(array.shape, dtype=bool), 1)
    if diagonal:
        needed &= ~np.triu(needed, 2)
    holes = np.argwhere(needed & ~np.isfinite(array))
    if len(holes):
        i, j = (int(place) for place in holes[0])
        where = "just above the diagonal, [j - 1, j]" if diagonal else "above the diagonal, [i, j] with j > i"
        raise NotReplayable(name, f"{array[i, j]} at [{i}, {j}], {len(holes)} such in all", f"finite numbers {where}")
    return array


def _start(batches: int, history: float, label_delay: int) -> int:
    """The first batch that is played."""
    if label_delay < 0:
        raise NotReplayable("label_delay", f"{label_delay}", "a number of batches, 0 or more")
    if not 0 < history < 1:
        raise NotReplayable("history", f"{history}", "a share between 0 and 1")
    start = round(history * batches)
    if start - label_delay < 2 or start > batches - 2:
        raise NotReplayable(
            "loss_matrix",
            f"{batches} batches, of which {start} are history and {label_delay} wait for labels",
            "two batches of history with labels at least, and two more to play",
        )
    return start


def _counted(rows: Sequence[int] | None, batches: int) -> list[int]:
    counts = [1000] * batches if rows is None else [int(count) for count in rows]
    if len(counts) != batches or min(counts) < 1:
        raise NotReplayable("rows", f"{len(counts)} numbers from {min(counts)}", f"{batches} numbers, 1 or more")
    return counts


def _moments(ends: Sequence[datetime], batches: int) -> tuple[datetime, ...]:
    """The ends of the batches in UTC: one for each, none before the one before it."""
    expected = f"{batches} moments, each no earlier than the one before"
    try:
        made = tuple(utc(end) for end in ends)
    except (AttributeError, TypeError):
        raise NotReplayable("ends", "what is no datetime", expected) from None
    if len(made) != batches:
        raise NotReplayable("ends", f"{len(made)} moments", expected)
    for place, (one, other) in enumerate(pairwise(made)):
        if other < one:
            raise NotReplayable("ends", f"{other:%Y-%m-%d %H:%M} at [{place + 1}] after {one:%Y-%m-%d %H:%M}", expected)
    return made


def _usual(ends: Sequence[datetime]) -> timedelta:
    """The usual length of a batch."""
    return median_low(other - one for one, other in pairwise(ends)) or DAY


def _nonnegative(name: str, value: float) -> None:
    if not (np.isfinite(value) and value >= 0):
        raise NotReplayable(name, f"{value}", "a finite number, 0 or more")
