"""A history replayed under many policies, through the very objects and the very `decide` that production uses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from driftloop.monitoring.policies import AnyGuard, AnyTrigger, Policy
from driftloop.monitoring.policies.recalibrating import Prices, prices
from driftloop.monitoring.records import ColumnScore, Learned, Record, changed
from driftloop.pipelines.backtest import inputs
from driftloop.pipelines.backtest.costs import Play, PolicyReplay, course, measured
from driftloop.pipelines.backtest.cures import Cure, Gains, best_with_recalibrations
from driftloop.pipelines.backtest.grid import usual
from driftloop.pipelines.backtest.learning import learn
from driftloop.pipelines.backtest.oracle import best_schedule
from driftloop.pipelines.backtest.shelf import Kept
from driftloop.pipelines.backtest.switching_oracle import best_with_switches
from driftloop.pipelines.backtest.world import DAY, World, walk

Floats = NDArray[np.float64]
Scores = Callable[[int, int], tuple[ColumnScore, ...]]
Named = Policy | str | Mapping[str, Any]
Groups = Mapping[str, Sequence[Policy]]


class Replay(Record):
    """All policies and the oracle, which knows the future. `cost` is that of one retrain, in loss.

    `archived` are the same policies with the archive, and `switching` is the oracle that may switch back as well: empty
    and None without an archive. `cured` and `curing` are the same with recalibrations, `both` and `with_both` with an
    archive and recalibrations, as checks use them where both are on.
    """

    start: int
    batches: int
    label_delay: int
    cost: float
    learned: Learned
    oracle: PolicyReplay
    policies: tuple[PolicyReplay, ...]
    archived: tuple[PolicyReplay, ...] = ()
    switching: PolicyReplay | None = None
    cured: tuple[PolicyReplay, ...] = ()
    curing: PolicyReplay | None = None
    both: tuple[PolicyReplay, ...] = ()
    with_both: PolicyReplay | None = None

    @property
    def other_oracles(self) -> tuple[PolicyReplay | None, ...]:
        """Return the oracles with an archive, with recalibrations, and with both."""
        return self.switching, self.curing, self.with_both


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
    kept: Kept | None = None,
    metrics: Mapping[str, Floats] | None = None,
    class_rows: Sequence[dict[str, int]] = (),
    gains: Gains | None = None,
) -> Replay:
    """Replay policies on matrices of shape (B, B) and measure each against the cheapest schedule in hindsight.

    `loss_matrix[i, j]` is the mean loss on batch j of the model trained at the end of batch i, needed for j > i;
    `probe_matrix[j - 1, j]` that of the probes. `errors` are standard errors of the loss matrix, `rows` the rows of
    each batch, `scores(i, j)` the drift of batch j from the rows of model i. `metrics` has, by name, value, low and
    high of a metric, shape (B, B, 3), NaN where there is none; `class_rows` the rows of each class by batch.
    `policies` are policy objects, names, or mappings as in the YAML; several together (triggers and guards) as a
    sequence; a mapping names them; none is the grid of a backtest, as far as there is something to judge by.

    `cost` of a retrain is in units of one batch's loss; policies that weigh costs and were given none take this one.
    `probe_cost` is a share of that. The first `history` of the batches, a share, is known to all: what `learn` makes of
    it is in `Signals.learned`, unless `learned` is given; with `taught=False` the policies do without it, as before a
    first backtest, and it only sets the price. The first `short` models had less than a whole training window; `learn`
    prefers the others. The rest is played: decisions are made at the end of each
    batch, on the newest one whose labels are there (`label_delay` batches late), a retrain serves from the next.
    `ends` are the moments at which the batches ended, by which policies count their days and look into the calendar;
    without them a batch is as long as `every` (a day unless given), and rules about dates are not applicable.
    With `kept` each policy is also replayed with an archive of earlier models, with `gains` with recalibrations, and
    where both are given with both.
    What does not fit raises `NotReplayable`, which is a `ValueError`.

    >>> ages = np.subtract.outer(np.arange(10), np.arange(10)).T - 1.0  # ages[i, j] = j - i - 1
    >>> done = replay(1 + 0.1 * ages, policies=["never", {"policy": "periodic", "every": 2}])
    >>> [(one.name, one.retrains, round(one.total_cost, 6)) for one in done.policies]
    [('never()', 0, 9.1), ('periodic(every=2)', 3, 7.9)]
    """
    loss = inputs.matrix("loss_matrix", loss_matrix)
    batches = len(loss)
    start = inputs.first_played(batches, history, label_delay)
    probe = None if probe_matrix is None else inputs.matrix("probe_matrix", probe_matrix, batches, diagonal=True)
    spread = None if errors is None else inputs.matrix("errors", errors, batches)
    inputs.nonnegative("cost", cost)
    inputs.nonnegative("probe_cost", probe_cost)
    inputs.nonnegative("short", short)
    counts = inputs.row_counts(rows, batches)
    moments = None if ends is None else inputs.moments(ends, batches)
    span = every or (DAY if moments is None else inputs.usual_length(moments))
    known = start - label_delay
    learned = learned or learn(loss[:known, :known], None if probe is None else probe[:known, :known], short=short)
    world = World(loss, probe, spread, counts, scores, learned if taught else None, start, label_delay, span, moments)
    world.metrics, world.class_rows = metrics or {}, class_rows
    best, schedule = best_schedule(loss, price := cost * learned.batch_loss, start, label_delay)
    given = usual(with_drift=scores is not None) if policies is None else policies
    asked = {name: [one.priced(cost) if cost else one for one in group] for name, group in _named(given).items()}
    play = Play(world, price, probe_cost * price, best)
    none: Arm = (), None
    archived, switching = none if kept is None else _arm(play, asked, kept, None, cost)
    cured, curing = none if gains is None else _arm(play, asked, None, gains, cost)
    both, with_both = none if kept is None or gains is None else _arm(play, asked, kept, gains, cost)
    return Replay(
        start=start,
        batches=batches,
        label_delay=label_delay,
        cost=price,
        learned=learned,
        oracle=measured("oracle", Play(world, price, 0.0, best), course(world, schedule)),
        policies=tuple(_played(play, name, group, None, None) for name, group in asked.items()),
        archived=archived,
        switching=switching,
        cured=cured,
        curing=curing,
        both=both,
        with_both=with_both,
    )


Arm = tuple[tuple[PolicyReplay, ...], PolicyReplay | None]


def _arm(play: Play, asked: Groups, kept: Kept | None, gains: Gains | None, cost: float) -> Arm:
    """Return the policies and the oracle with an archive, with recalibrations at the price of `gains`, or with both."""
    world = play.world
    moment, unit = (world.start, world.label_delay), play.price / cost if cost else 0.0
    price = gains.price * unit if gains is not None else 0.0
    if kept is not None:
        least, walked = best_with_switches(world.loss, play.price, *moment, kept.history, gains, price)
    else:
        assert gains is not None
        least, schedule, moves = best_with_recalibrations(world.loss, gains, play.price, price, *moment)
        walked = course(world, schedule, moves)
    cured = replace(play, gains=gains, cure_price=price, best=least)
    play = replace(play, least=least) if gains is None else cured
    made = tuple(
        _played(play, name, group, kept, None if gains is None else _cure(gains, group, cost))
        for name, group in asked.items()
    )
    arms = " and ".join([*(["switches"] if kept else []), *(["recalibrations"] if gains else [])])
    return made, measured(f"oracle with {arms}", play, walked)


def _cure(gains: Gains, group: Sequence[Policy], cost: float) -> Cure:
    return Cure(gains, prices(group) or Prices(recalibrate=gains.price, retrain=cost))


def _played(play: Play, name: str, group: Sequence[Policy], kept: Kept | None, cure: Cure | None) -> PolicyReplay:
    made = measured(name, play, walk(play.world, group, kept, cure))
    missing = frozenset().union(*(one.reads for one in group)) - play.world.known()
    return changed(made, missing=tuple(sorted(missing)))


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
