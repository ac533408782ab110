"""Each policy compared with the oracle: means a batch, regret with an interval, the Pareto front. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from driftloop.monitoring.losses import named
from driftloop.monitoring.records import Record
from driftloop.pipelines.backtest.candidates import Candidate
from driftloop.pipelines.backtest.costs import PolicyReplay
from driftloop.pipelines.backtest.replay import Replay

Floats = NDArray[np.float64]
RESAMPLES = 2000


class WithArchive(Record):
    """Result of a policy with the archive. `cost` per batch, `regret` in percent of an oracle with switches."""

    cost: float
    retrains: int
    switches: int
    regret: float


class WithRecalibration(Record):
    """Result of a policy with recalibrations. `cost` per batch, `regret` in percent of an oracle that recalibrates."""

    cost: float
    recalibrations: int
    retrains: int
    regret: float


class WithBoth(Record):
    """Result of a policy with archive and recalibrations. `regret` is in percent of an oracle that has both."""

    cost: float
    switches: int
    recalibrations: int
    retrains: int
    regret: float


class Standing(Record):
    """Result of one policy. Losses and costs are means per batch, regret is in percent of the oracle's cost.

    `low` and `high` are the 95% CI of the regret, by a bootstrap of blocks of batches; `front`: no other
    policy has both a lower loss and no more retrains.

    `archive` is the same policy with an archive of former champions that it may switch back to, `recalibrated` the same
    policy with recalibrations, `both` with both, as checks use them where both are on.
    """

    name: str
    kind: str
    triggers: tuple[dict[str, Any], ...]
    loss: float
    cost: float
    retrains: int
    probes: int
    false_alarms: int
    regret: float
    low: float
    high: float
    front: bool
    schedule: tuple[int, ...]
    probed: tuple[int, ...]
    losses: tuple[float, ...]
    archive: WithArchive | None = None
    recalibrated: WithRecalibration | None = None
    both: WithBoth | None = None


def rank(whole: Replay, candidates: Sequence[Candidate], seed: int) -> tuple[Standing, ...]:
    """All candidates, the cheapest first."""
    points = [(one.retrains, one.loss) for one in whole.policies]
    arms = [{one.name: one for one in some} for some in (whole.archived, whole.cured, whole.both)]
    made = [
        standing(
            one,
            candidate,
            whole,
            seed,
            front=on_front(point, points),
            others=tuple(arm.get(one.name) for arm in arms),
        )
        for one, candidate, point in zip(whole.policies, candidates, points, strict=True)
    ]
    return tuple(sorted(made, key=lambda one: one.cost))


def standing(
    one: PolicyReplay,
    candidate: Candidate | None,
    whole: Replay,
    seed: int,
    *,
    front: bool,
    others: Sequence[PolicyReplay | None],
) -> Standing:
    """One replayed policy in means a batch; the oracle is no candidate.

    `others` are the same policy with the archive, with recalibrations, and with both.
    """
    archived, cured, both = others
    played = whole.batches - whole.start
    low, high = regret_interval(batch_costs(one, whole), batch_costs(whole.oracle, whole), seed)
    return Standing(
        name=one.name,
        kind=candidate.kind if candidate else "oracle",
        triggers=tuple(settings_of(trigger) for trigger in candidate.triggers) if candidate else (),
        loss=one.loss / played,
        cost=one.total_cost / played,
        retrains=one.retrains,
        probes=len(one.probes),
        false_alarms=one.false_alarms,
        regret=one.regret,
        low=low,
        high=high,
        front=front,
        schedule=one.schedule,
        probed=one.probes,
        losses=one.losses,
        archive=None if archived is None else _with_archive(archived, played),
        recalibrated=None if cured is None else _with_recalibration(cured, played),
        both=None if both is None else _with_both(both, played),
    )


def _with_archive(one: PolicyReplay, played: int) -> WithArchive:
    regret = one.regret if one.switching_regret is None else one.switching_regret
    return WithArchive(cost=one.total_cost / played, retrains=one.retrains, switches=len(one.switches), regret=regret)


def _with_recalibration(one: PolicyReplay, played: int) -> WithRecalibration:
    return WithRecalibration(
        cost=one.total_cost / played,
        recalibrations=len(one.recalibrations),
        retrains=one.retrains,
        regret=one.regret,
    )


def _with_both(one: PolicyReplay, played: int) -> WithBoth:
    return WithBoth(
        cost=one.total_cost / played,
        switches=len(one.switches),
        recalibrations=len(one.recalibrations),
        retrains=one.retrains,
        regret=one.regret,
    )


def baseline(losses: Floats, loss_name: str, whole: Replay, seed: int) -> Standing:
    """The best constant of the rows before each batch, which needs no model: what a model must beat to be of use."""
    best = batch_costs(whole.oracle, whole)
    low, high = regret_interval(losses, best, seed)
    mean = float(losses.mean())
    return Standing(
        name=f"naive baseline ({named(loss_name).constant})",
        kind="baseline",
        triggers=(),
        loss=mean,
        cost=mean,
        retrains=0,
        probes=0,
        false_alarms=0,
        regret=100 * (float(losses.sum()) / float(best.sum()) - 1) if best.sum() > 0 else math.inf,
        low=low,
        high=high,
        front=False,
        schedule=(),
        probed=(),
        losses=tuple(losses.tolist()),
    )


def settings_of(policy: Any) -> dict[str, Any]:
    """Return a policy as in YAML, without default values.

    >>> from driftloop.monitoring.policies import Periodic
    >>> settings_of(Periodic(every=8))
    {'policy': 'periodic', 'every': 8}
    """
    return {"policy": policy.policy, **policy.model_dump(mode="json", exclude_unset=True, exclude={"policy"})}


def on_front(point: tuple[float, float], points: Sequence[tuple[float, float]]) -> bool:
    """Whether no point is at least as good in both ways and better in one. Lower is better.

    >>> on_front((1, 2.0), [(1, 2.0), (2, 1.0)]), on_front((2, 2.0), [(1, 2.0), (2, 2.0)])
    (True, False)
    """
    return not any(one[0] <= point[0] and one[1] <= point[1] and one != point for one in points)


def batch_costs(one: PolicyReplay, whole: Replay) -> Floats:
    """What each played batch cost: its loss, and the retrain and probe at its end."""
    costs = np.array(one.losses)
    for batch in one.schedule:
        costs[batch - whole.start] += whole.cost
    for batch in one.probes:
        costs[batch - whole.start] += one.probe_cost / len(one.probes)
    return costs


def regret_interval(costs: Floats, best: Floats, seed: int = 0, resamples: int = RESAMPLES) -> tuple[float, float]:
    """The 95% CI of how many percent `costs` are above `best`, batch by batch, shape (n,) each.

    A circular bootstrap of blocks of about the square root of n batches, drawn alike for both (Politis and Romano
    1992): neighboring batches are alike, and hard batches are hard for both.

    >>> regret_interval(np.array([1.1, 2.2, 1.1, 3.3]), np.array([1.0, 2.0, 1.0, 3.0]))
    (10.0, 10.0)
    """
    n = len(costs)
    block = max(1, round(math.sqrt(n)))
    begins = np.random.default_rng(seed).integers(n, size=(resamples, -(-n // block)))
    places = ((begins[:, :, None] + np.arange(block)) % n).reshape(resamples, -1)[:, :n]
    below = best[places].sum(axis=1)
    drawn = 100 * (costs[places].sum(axis=1) / np.where(below > 0, below, np.nan) - 1)
    if not np.isfinite(drawn).any():
        return -math.inf, math.inf
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return round(float(low), 9), round(float(high), 9)
