"""A history replayed under many policies, through the very objects and the very `decide` that production uses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from driftloop.monitoring.policies import AnyGuard, AnyTrigger, Policy
from driftloop.monitoring.policies.recalibrating import Prices, prices
from driftloop.monitoring.records import ColumnScore, Learned, Record, Signal, changed
from driftloop.pipelines.backtest import inputs
from driftloop.pipelines.backtest.cures import Cure, Gains, best_with_recalibrations
from driftloop.pipelines.backtest.grid import usual
from driftloop.pipelines.backtest.learning import learn
from driftloop.pipelines.backtest.oracle import best_schedule
from driftloop.pipelines.backtest.shelf import Kept
from driftloop.pipelines.backtest.switching_oracle import best_with_switches
from driftloop.pipelines.backtest.world import DAY, Walked, World, walk

Floats = NDArray[np.float64]
Scores = Callable[[int, int], tuple[ColumnScore, ...]]
Named = Policy | str | Mapping[str, Any]


class PolicyReplay(Record):
    """Result of one policy from batch `start` on. Costs are in units of the loss matrix.

    `schedule` are the batches at whose end it retrained, `probes` those at whose end it asked for a probe; `served[n]`
    is the model that served batch `start + n`, `losses[n]` its loss there. A false alarm is a retrain that gained less
    than it cost until the next one, compared with keeping the model. `regret` is in percent of the oracle.
    `switches` are the batches at whose end the archive switched back to an earlier model; `switching_regret` is in
    percent of the oracle that may switch, None without an archive. `recalibrations` are the batches at whose end the
    champion was recalibrated; the regret is then in percent of the oracle that may recalibrate.
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
    switches: tuple[int, ...] = ()
    switching_regret: float | None = None
    recalibrations: tuple[int, ...] = ()

    @property
    def retrains(self) -> int:
        return len(self.schedule)

    @property
    def applicable(self) -> bool:
        return self.judged > 0


class Replay(Record):
    """All policies and the oracle, which knows the future. `cost` is that of one retrain, in loss.

    `archived` are the same policies with the archive, and `switching` is the oracle that may switch back as well: empty
    and None without an archive. `cured` and `curing` are the same with recalibrations.
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
    With `kept` each policy is also replayed with an archive of earlier models, with `gains` with recalibrations.
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
    play = _Play(world, price, probe_cost * price, best)
    plain = tuple(_played(play, name, group, None) for name, group in asked.items())
    archived, switching = _with_archive(play, asked, kept) if kept is not None else ((), None)
    cured, curing = _with_cures(play, asked, gains, cost) if gains is not None else ((), None)
    return Replay(
        start=start,
        batches=batches,
        label_delay=label_delay,
        cost=price,
        learned=learned,
        oracle=_measured("oracle", _Play(world, price, 0.0, best), Walked(schedule, judged=batches - 1 - start)),
        policies=plain,
        archived=archived,
        switching=switching,
        cured=cured,
        curing=curing,
    )


def _with_archive(
    play: _Play, asked: Mapping[str, Sequence[Policy]], kept: Kept
) -> tuple[tuple[PolicyReplay, ...], PolicyReplay]:
    """Return the policies and the oracle, each with an archive."""
    world = play.world
    least, trained, served = best_with_switches(world.loss, play.price, world.start, world.label_delay, kept.history)
    play = replace(play, least=least)
    judged = len(world.loss) - 1 - world.start
    moves = Walked(trained, judged=judged, switches=_switches(served, trained, world))
    archived = tuple(_played(play, name, group, kept) for name, group in asked.items())
    return archived, _measured("oracle with switches", play, moves)


def _with_cures(
    play: _Play, asked: Mapping[str, Sequence[Policy]], gains: Gains, cost: float
) -> tuple[tuple[PolicyReplay, ...], PolicyReplay]:
    """Return the policies and the oracle, each with recalibrations at the price of `gains`."""
    world, unit = play.world, play.price / cost if cost else 0.0
    price = gains.price * unit
    least, schedule, moves = best_with_recalibrations(
        world.loss, gains, play.price, price, world.start, world.label_delay
    )
    play = replace(play, best=least, gains=gains, cure_price=price)
    priced = Prices(recalibrate=gains.price, retrain=cost)
    made = tuple(
        _measured(name, play, walk(world, group, None, Cure(gains, prices(group) or priced)))
        for name, group in asked.items()
    )
    walked = Walked(schedule, judged=len(world.loss) - 1 - world.start, cures=moves)
    return made, _measured("oracle with recalibrations", play, walked)


@dataclass(frozen=True)
class _Play:
    """Common setting of all policies: the prices, and the least cost without and with switches."""

    world: World
    price: float
    probe_price: float
    best: float
    least: float | None = None
    gains: Gains | None = None
    cure_price: float = 0.0


def _played(play: _Play, name: str, group: Sequence[Policy], kept: Kept | None) -> PolicyReplay:
    made = _measured(name, play, walk(play.world, group, kept))
    missing = frozenset().union(*(one.reads for one in group)) - play.world.known()
    return changed(made, missing=tuple(sorted(missing)))


def _switches(served: Sequence[int], trained: Sequence[int], world: World) -> tuple[tuple[int, int], ...]:
    """Return the batches at whose end another model takes over than the one before or the one just trained."""
    moves, serves = [], world.first
    for batch, model in enumerate(served, world.start):
        serves = batch - 1 - world.label_delay if batch - 1 in trained else serves
        if model != serves:
            moves.append((batch - 1, model))
        serves = model
    return tuple(moves)


def _measured(name: str, play: _Play, walked: Walked) -> PolicyReplay:
    """Add up what a schedule costs."""
    world, price = play.world, play.price
    schedule, probes = walked.retrains, walked.probes
    loss, delay, batches = world.loss, world.label_delay, len(world.loss)
    changes = {end: end - delay for end in schedule} | dict(walked.switches)
    served, model, losses, cures, fitted = [], world.first, [], dict(walked.cures), None
    for batch in range(world.start, batches):
        fitted = cures.get(batch - 1, None if batch - 1 in changes else fitted)
        model = changes.get(batch - 1, model)
        served.append(model)
        lead = play.gains.lead(model, fitted, batch) if play.gains else 0.0
        losses.append(float(loss[model, batch]) - lead)
    wrong = 0
    for end, following in pairwise((*schedule, batches - 1)):
        span = slice(end + 1, following + 1)
        kept = loss[served[end - world.start], span].sum()
        wrong += float(kept - sum(losses[span.start - world.start : span.stop - world.start])) < price
    total = sum(losses) + price * len(schedule) + play.probe_price * len(probes) + play.cure_price * len(cures)
    return PolicyReplay(
        name=name,
        total_cost=total,
        loss=sum(losses),
        retrain_cost=price * len(schedule),
        probe_cost=play.probe_price * len(probes),
        schedule=schedule,
        probes=probes,
        false_alarms=wrong,
        regret=_regret(total, play.best),
        served=tuple(served),
        losses=tuple(losses),
        judged=walked.judged,
        switches=tuple(batch for batch, _ in walked.switches),
        switching_regret=None if play.least is None else _regret(total, play.least),
        recalibrations=tuple(cures),
    )


def _regret(total: float, best: float) -> float:
    return 100 * (total / best - 1) if best > 0 else 0.0


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
