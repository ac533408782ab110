"""The world that a replayed policy lives in: signals, probes and a history as production would have recorded them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from driftloop.monitoring.archive import MOST_LATE
from driftloop.monitoring.decision import decide, next_step
from driftloop.monitoring.metrics import named
from driftloop.monitoring.policies import Policy, Trigger
from driftloop.monitoring.records import (
    ColumnScore,
    Decision,
    History,
    Learned,
    MetricValue,
    Outcome,
    PastCheck,
    PastRetrain,
    PastSwitch,
    Performance,
    Probe,
    Role,
    Signal,
    Signals,
    Window,
    changed,
)
from driftloop.pipelines.backtest.cures import Cure, Served
from driftloop.pipelines.backtest.shelf import Kept, Shelf

Floats = NDArray[np.float64]
DAWN = datetime(2000, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
# A policy that is not taught knows that there was no backtest so far: nothing is missing.
ALWAYS: frozenset[Signal] = frozenset({"loss", "age", "rows", "labels", "learned", "checks", "retrains"})


@dataclass
class World:
    """The arrays of a replay, and the signals of each (model, batch) that any policy came by: the same for all."""

    loss: Floats
    probe: Floats | None
    errors: Floats | None
    rows: list[int]
    scores: Callable[[int, int], tuple[ColumnScore, ...]] | None
    learned: Learned | None
    start: int
    label_delay: int
    every: timedelta = DAY
    ends: Sequence[datetime] | None = None
    metrics: Mapping[str, Floats] = field(default_factory=dict)
    class_rows: Sequence[dict[str, int]] = ()
    observations: dict[tuple[int, int], tuple[Signals, PastCheck]] = field(default_factory=dict)

    @property
    def first(self) -> int:
        """The model that serves when the play begins: the freshest whose labels were known."""
        return self.start - 1 - self.label_delay

    def moment(self, batch: int) -> datetime:
        """When a batch ends. Without known ends they follow each other on dates that are made up."""
        return DAWN + (batch + 1) * self.every if self.ends is None else self.ends[batch]

    def window(self, batch: int) -> Window:
        """The time of a batch: as long as every batch, and not longer than since the end of the one before."""
        end = self.moment(batch)
        before = self.moment(batch - 1) if batch else end - self.every
        return Window(start=max(end - self.every, before) if before < end else end - self.every, end=end)

    def signals(self, model: int, batch: int) -> tuple[Signals, PastCheck]:
        """What a check at the end of `batch` sees of `model`, and what it will leave behind."""
        if (model, batch) not in self.observations:
            self.observations[model, batch] = self._observe(model, batch)
        return self.observations[model, batch]

    def measured(self, model: int, batch: int) -> Probe | None:
        """A probe that was trained one batch before the newest labeled one, both scored on that one."""
        labelled = batch - self.label_delay
        if self.probe is None:
            return None
        champion, cheap = float(self.loss[model, labelled]), float(self.probe[labelled - 1, labelled])
        handicap = self.learned.handicap if self.learned else 0.0
        return Probe(
            champion_loss=champion,
            probe_loss=cheap,
            handicap=handicap,
            gap=champion - (cheap - handicap),
            rows=self.rows[labelled],
        )

    def _metrics(self, model: int, batch: int) -> tuple[MetricValue, ...]:
        """The metrics of a model on a batch, with those of a challenger at its training as reference."""
        made = []
        for name, values in self.metrics.items():
            value, low, high = (None if np.isnan(end) else float(end) for end in values[model, batch])
            reference = values[max(0, model - 1), max(1, model), 0]
            made.append(
                MetricValue(
                    metric=name,
                    better=named(name).better,
                    value=value,
                    low=low,
                    high=high,
                    rows=self.rows[batch],
                    reference=None if np.isnan(reference) else float(reference),
                    reason="it cannot be computed on this batch" if value is None else None,
                )
            )
        return tuple(made)

    def known(self) -> frozenset[Signal]:
        """What the policies of this replay could look at, as far as it was played."""
        roles = {score.role for signals, _ in self.observations.values() for score in signals.scores}
        scored: dict[Role, Signal] = {"feature": "drift", "prediction": "prediction_drift", "target": "target_drift"}
        found: set[Signal] = {scored[role] for role in roles}
        found |= {"probe"} if self.probe is not None else set()
        found |= {"metrics"} if self.metrics else set()
        return ALWAYS | found | ({"calendar"} if self.ends is not None else set())

    def _observe(self, model: int, batch: int) -> tuple[Signals, PastCheck]:
        labelled, age = batch - self.label_delay, batch - model
        now, window = self.moment(batch), self.window(batch)
        loss = float(self.loss[model, labelled])
        half = 1.96 * float(self.errors[model, labelled]) if self.errors is not None else 0.0
        # A challenger is judged on the newest rows, by a model that has not seen them: here the one before.
        reference = float(self.loss[max(0, model - 1), max(1, model)])
        performance = Performance(
            loss_name="loss",
            loss=loss,
            low=loss - half,
            high=loss + half,
            rows=self.rows[labelled],
            # As many windows back as labels are late, whatever holes lie between: ages are counted in batches.
            window=window.earlier(self.label_delay * window.length),
            reference_loss=reference,
        )
        signals = Signals(
            window=window,
            rows=self.rows[batch],
            labelled_rows=self.rows[labelled],
            scores=self.scores(model, batch) if self.scores else (),
            performance=performance,
            metrics=self._metrics(model, labelled),
            class_labels=self.class_rows[labelled] if self.class_rows else {},
            champion=str(model),
            champion_age=now - self.moment(model),
            age_batches=float(age),
            learned=self.learned,
            dated=self.ends is not None,
        )
        features = [score.score for score in signals.scores if score.role == "feature"]
        past = PastCheck(
            now=now,
            outcome=Outcome.STEADY,
            champion=str(model),
            age_batches=float(age),
            rows=signals.rows,
            labelled_rows=signals.labelled_rows,
            drift_share=signals.drift_share,
            distance=sum(features) / len(features) if features else None,
            loss=loss,
            loss_low=performance.low,
        )
        return signals, past


@dataclass(frozen=True)
class Walked:
    """The course of one policy: `served[n]` is the version that serves batch `start + n`.

    The others are batches at whose end something happened: `switches` are those of the archive, `cures` recalibrations
    of the champion. `judged` counts the batches at whose end the policies could judge.
    """

    served: tuple[Served, ...]
    retrains: tuple[int, ...] = ()
    probes: tuple[int, ...] = ()
    switches: tuple[int, ...] = ()
    cures: tuple[int, ...] = ()
    judged: int = 0


def walk(world: World, policies: Sequence[Policy], kept: Kept | None = None, cure: Cure | None = None) -> Walked:
    """Let policies decide at the end of each batch; what follows a decision is what follows it in a check.

    With a `cure` a recalibration replaces each retrain that it is worth as much as; with `kept` the archive may switch
    back where none is due.
    """
    triggers = [policy for policy in policies if isinstance(policy, Trigger)]
    guards = [policy for policy in policies if not isinstance(policy, Trigger)]
    champion = Served(world.first)
    gains = cure.gains if cure is not None else None
    shelf = Shelf(kept, world.loss, champion, gains) if kept and world.label_delay <= MOST_LATE else None
    checks: tuple[PastCheck, ...] = ()
    retrains: tuple[PastRetrain, ...] = ()
    served, retrained, probed, switched, cured, judged = [champion], [], [], [], [], 0
    for batch in range(world.start, len(world.loss) - 1):
        now, labelled = world.moment(batch), batch - world.label_delay
        signals, past = world.signals(champion.model, batch)
        if cure is not None:
            signals, past = cure.observed(signals, past, champion, labelled)
        # Frozen records of frozen records: there is nothing to validate, and much to copy.
        history = History.model_construct(checks=checks, retrains=retrains)
        if any(trigger.wants_probe(signals, history, now) for trigger in triggers if "probe" in trigger.reads):
            probe = world.measured(champion.model, batch)
            if probe is not None:
                probe = cure.probed(probe, champion, labelled) if cure is not None else probe
                probed.append(batch)
                signals, past = changed(signals, probe=probe), changed(past, gap=probe.gap)
        decision = decide(triggers, guards, signals, history, now)
        judged += decision.action != "cannot_judge"
        found = shelf.better(champion, labelled) if shelf is not None else None
        step = next_step(decision.action, recalibrates=False, leads=found is not None)
        repaired = cure.replaces(decision, signals, champion, labelled) if cure and step == "retrain" else None
        before, update = champion, _left_behind(decision)
        if repaired is not None:
            champion, gain = repaired
            update |= _switched(Outcome.RECALIBRATED, gain, signals.age_batches)
            cured.append(batch)
        elif step == "retrain":
            champion = Served(labelled)
            retrains += (PastRetrain.model_construct(now=now, promoted=True),)
            update["outcome"] = Outcome.PROMOTED
            retrained.append(batch)
        elif step == "switch" and found is not None:
            champion, lead = found
            update |= _switched(Outcome.SWITCHED_BACK, lead, float(batch - champion.model))
            switched.append(batch)
        if shelf is not None and champion != before:
            shelf.add(champion)
        served.append(champion)
        checks += (changed(past, **update) if update else past,)
    return Walked(tuple(served), tuple(retrained), tuple(probed), tuple(switched), tuple(cured), judged)


def _left_behind(decision: Decision) -> dict[str, object]:
    """Return what a decision leaves in the record of its check."""
    fired = tuple(rule for vote in decision.votes for rule in vote.fired_rules())
    update: dict[str, object] = {"fired": fired} if fired else {}
    return update | ({"outcome": Outcome.HELD} if decision.held else {})


def _switched(outcome: Outcome, lead: float, age: float | None) -> dict[str, object]:
    return {"outcome": outcome, "switch": PastSwitch.model_construct(lead=lead, age_batches=age)}
