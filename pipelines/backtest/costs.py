"""Cost of a replayed course of versions, and its regret compared with an oracle. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from driftloop.monitoring.records import Record, Signal
from driftloop.pipelines.backtest.cures import Gains, Served
from driftloop.pipelines.backtest.world import Walked, World


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


@dataclass(frozen=True)
class Play:
    """Common setting of all policies of one arm: the prices, and the least cost without and with switches.

    With `gains` a version may be recalibrated at `cure_price`, and `best` is that of an oracle that may do so.
    """

    world: World
    price: float
    probe_price: float
    best: float
    least: float | None = None
    gains: Gains | None = None
    cure_price: float = 0.0

    def loss(self, version: Served, batch: int) -> float:
        """Return the loss of a version on a batch."""
        lead = self.gains.lead(version, batch) if self.gains is not None else 0.0
        return float(self.world.loss[version.model, batch]) - lead


def measured(name: str, play: Play, walked: Walked) -> PolicyReplay:
    """Add up what a course costs."""
    world, price = play.world, play.price
    schedule, probes, served, last = walked.retrains, walked.probes, walked.served, len(play.world.loss) - 1
    losses = [play.loss(version, batch) for batch, version in enumerate(served, world.start)]
    wrong = 0
    for end, following in pairwise((*schedule, last)):
        before, span = served[end - world.start], range(end + 1, following + 1)
        wrong += sum(play.loss(before, batch) - losses[batch - world.start] for batch in span) < price
    costs = price * len(schedule), play.probe_price * len(probes)
    total = sum(losses) + sum(costs) + play.cure_price * len(walked.cures)
    return PolicyReplay(
        name=name,
        total_cost=total,
        loss=sum(losses),
        retrain_cost=costs[0],
        probe_cost=costs[1],
        schedule=schedule,
        probes=probes,
        false_alarms=wrong,
        regret=_regret(total, play.best),
        served=tuple(version.model for version in served),
        losses=tuple(losses),
        judged=walked.judged,
        switches=walked.switches,
        switching_regret=None if play.least is None else _regret(total, play.least),
        recalibrations=walked.cures,
    )


def course(world: World, schedule: Sequence[int], cures: Sequence[tuple[int, int]] = ()) -> Walked:
    """Return the course of a schedule of retrains, and of recalibrations, each with the batch that it is fitted on."""
    made, version = {end: Served(end - world.label_delay) for end in schedule}, Served(world.first)
    served, fitted = [], dict(cures)
    for batch in range(world.start, len(world.loss)):
        version = made.get(batch - 1, version)
        version = Served(version.model, fitted[batch - 1]) if batch - 1 in fitted else version
        served.append(version)
    return Walked(tuple(served), tuple(schedule), cures=tuple(fitted), judged=len(served) - 1)


def _regret(total: float, best: float) -> float:
    return 100 * (total / best - 1) if best > 0 else 0.0
