"""Replays on arrays that can be counted manually, and the oracle next to every schedule that there is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import chain, combinations
from typing import Any, Literal

import numpy as np
import pytest

from driftloop.monitoring.errors import NotReplayable
from driftloop.monitoring.policies import Cooldown, MaxAge, Never, NewRows, Periodic, RecoverableLoss, Trigger
from driftloop.monitoring.policies.base import Cost
from driftloop.monitoring.records import ColumnScore, History, Signals, Vote
from driftloop.pipelines.backtest import Replay, best_schedule, replay
from driftloop.pipelines.backtest.grid import ANCHORS, GRID, usual

AGEING = 0.1


def aging(batches: int, rate: float = AGEING) -> np.ndarray:
    """Losses of models that lose `rate` a batch: 1 on the first one after the training."""
    at = np.arange(batches)
    return 1.0 + rate * (at[None, :] - at[:, None] - 1.0)


def rough(batches: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.5, 2.0, (batches, batches))


def probes(loss: np.ndarray, handicap: float) -> np.ndarray:
    """Probes that are as good as the model trained at the same moment, but for a probe bias."""
    return loss + handicap


def spent(loss: np.ndarray, schedule: tuple[int, ...], cost: float, start: int, delay: int) -> float:
    """What a schedule costs, batch by batch."""
    total, model = cost * len(schedule), start - 1 - delay
    for batch in range(start, len(loss)):
        model = batch - 1 - delay if batch - 1 in schedule else model
        total += loss[model, batch]
    return total


@pytest.mark.parametrize("delay", [0, 1, 2])
@pytest.mark.parametrize("cost", [0.0, 0.1, 0.6, 5.0])
@pytest.mark.parametrize("seed", range(4))
def test_the_oracle_is_the_best_of_all_schedules(seed: int, cost: float, delay: int) -> None:
    """No set of retrains costs less than the oracle's, and its own schedule costs what it states."""
    loss, start = rough(10, seed), 4
    best, schedule = best_schedule(loss, cost, start, delay)
    ends = range(start, 9)
    every = chain.from_iterable(combinations(ends, size) for size in range(len(ends) + 1))
    assert best == pytest.approx(min(spent(loss, one, cost, start, delay) for one in every))
    assert best == pytest.approx(spent(loss, schedule, cost, start, delay))


def test_never_always_and_periodic_are_counted_manually() -> None:
    """Ten batches, three of history: the losses, retrains and costs are those of a pencil."""
    done = replay(aging(10), policies=["never", "always", Periodic(every=3)], cost=0.2)
    never, always, periodic = done.policies
    assert (done.start, done.cost) == (3, pytest.approx(0.2))
    assert never.schedule == ()
    assert never.losses == pytest.approx((1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6))
    assert always.schedule == (3, 4, 5, 6, 7, 8)
    assert always.total_cost == pytest.approx(7 + 6 * 0.2)
    assert periodic.schedule == (5, 8)
    assert periodic.served == (2, 2, 2, 5, 5, 5, 8)
    assert periodic.total_cost == pytest.approx(2 * 3.3 + 1.0 + 2 * 0.2)
    assert [one.false_alarms for one in done.policies] == [0, 6, 0]
    assert done.oracle.total_cost <= min(one.total_cost for one in done.policies)


def test_labels_that_are_late_make_every_model_older() -> None:
    """With two batches of delay a model serves from the third batch after its rows, in replay and oracle alike."""
    done = replay(aging(10), policies=["always", "never"], cost=0.0, label_delay=2, history=0.4)
    always, never = done.policies
    assert always.served == (1, 2, 3, 4, 5, 6)
    assert always.losses == pytest.approx((1.2,) * 6)
    assert never.losses == pytest.approx((1.2, 1.3, 1.4, 1.5, 1.6, 1.7))
    assert done.oracle.total_cost == pytest.approx(always.total_cost)


@pytest.mark.parametrize("delay", [0, 2])
@pytest.mark.parametrize("policy", ["recoverable_loss", "gated_probe_debt", "cara", "loss_cusum", "periodic"])
def test_no_policy_beats_the_oracle(policy: str, delay: int) -> None:
    """Regret is never negative, and the parts of a total add up to it."""
    for seed in range(3):
        loss = rough(20, seed)
        done = replay(loss, probes(loss, 0.1), policies=[policy], cost=0.3, label_delay=delay)
        one = done.policies[0]
        assert one.regret >= -1e-9
        assert one.total_cost == pytest.approx(one.loss + one.retrain_cost + one.probe_cost)
        assert one.total_cost == pytest.approx(spent(loss, one.schedule, done.cost, done.start, delay) + one.probe_cost)


def test_where_nothing_ages_nothing_is_retrained() -> None:
    """Models that never grow stale cost no retrain and no probe, however good and bad batches alternate."""
    loss = np.tile(1.0 + 0.3 * (np.arange(30) % 2), (30, 1))
    done = replay(loss, probes(loss, 0.05), policies=["recoverable_loss", "gated_probe_debt"])
    assert [one.retrains for one in done.policies] == [0, 0]
    assert done.oracle.retrains == 0


@pytest.mark.parametrize("policy", ["recoverable_loss", "gated_probe_debt"])
def test_even_aging_is_met_near_the_best_period(policy: str) -> None:
    """With a known rate a and a cost c the best period is sqrt(2c / a); the policy comes within five percent."""
    loss = aging(100, 0.02)
    done = replay(loss, probes(loss, 0.1), policies=[policy], cost=0.25)
    assert done.policies[0].regret < 5
    assert 70 / 10 <= done.policies[0].retrains <= 70 / 4


@pytest.mark.parametrize("policy", ["recoverable_loss", "gated_probe_debt"])
def test_a_lasting_break_is_met_and_then_left_unchanged(policy: str) -> None:
    """Models from before a break lose for good: retrained soon after it and not again."""
    loss = np.ones((40, 40))
    loss[:25, 25:] = 2.0
    done = replay(loss, probes(loss, 0.1), policies=[policy], cost=0.5)
    assert done.oracle.schedule == (25,)
    assert len(done.policies[0].schedule) == 1
    assert 25 <= done.policies[0].schedule[0] <= 27


def test_without_probes_no_one_gets_one() -> None:
    """A policy that lives by probes asks in vain where there is no probe matrix, and retrains at no guess."""
    done = replay(aging(30), policies=["recoverable_loss"])
    assert done.policies[0].probes == ()
    assert done.policies[0].retrains == 0


def test_probes_have_their_price() -> None:
    """Each probe costs its share of a retrain."""
    loss = aging(30)
    one = replay(loss, probes(loss, 0.1), policies=["recoverable_loss"], probe_cost=0.5).policies[0]
    assert one.probes
    assert one.probe_cost == pytest.approx(len(one.probes) * 0.5 * 0.2)


def test_policies_that_are_not_taught_learn_from_their_own_probes() -> None:
    """Without what a backtest learned the first probes next to a fresh champion calibrate; the price stays the same."""
    loss = aging(40)
    taught, untaught = (
        replay(loss, probes(loss, 0.3), policies=["recoverable_loss", "periodic"], taught=yes) for yes in (True, False)
    )
    assert (taught.cost, taught.policies[1]) == (untaught.cost, untaught.policies[1])
    assert untaught.policies[0].probes[0] == untaught.start < taught.policies[0].probes[0]
    assert untaught.policies[0].missing == ()
    assert untaught.policies[0].retrains > 0


def test_a_cost_of_ones_own_is_kept() -> None:
    """The price of the replay reaches the policies that leave theirs open, and no others."""
    loss = aging(40)
    dear = RecoverableLoss(cost=Cost(retrain=5.0))
    done = replay(loss, probes(loss, 0.0), policies={"own": dear, "open": RecoverableLoss()}, cost=0.05)
    own, open_ = done.policies
    assert (own.name, open_.name) == ("own", "open")
    assert own.retrains < open_.retrains


def test_guards_veto_in_a_replay_as_they_do_live() -> None:
    """A trigger and a guard together: a cooldown of three days leaves every third batch."""
    done = replay(aging(12), policies=[["always", Cooldown(days=3)]])
    assert done.policies[0].name == "always() + cooldown(days=3)"
    assert done.policies[0].schedule == (4, 7, 10)


def test_policies_see_the_drift_that_they_are_given() -> None:
    """Scores of the deployed model and the batch reach the triggers."""

    def scores(model: int, batch: int) -> tuple[ColumnScore, ...]:
        far = batch - model >= 3
        return (
            ColumnScore(
                name="n", role="feature", kind="numeric", method="psi", score=float(far), threshold=0.5, drifted=far
            ),
        )

    done = replay(aging(12), policies=["drift_share"], scores=scores)
    assert done.policies[0].schedule == (6, 9)


def test_a_rule_without_its_signals_is_not_applicable() -> None:
    """What a replay lacks is named for each policy that reads it, and one that can never judge is no `never`."""
    alone = [{"policy": name} for name in ("estimated_loss", "prediction_drift", "drift_share", "auto_quantile")]
    both = {"policy": "any_of", "triggers": [{"policy": "estimated_loss"}, {"policy": "periodic", "every": 2}]}
    done = replay(aging(12), policies=[*alone, both, "recoverable_loss", "never", "cara"])
    missing = {one.name.partition("(")[0]: (one.applicable, one.missing) for one in done.policies}
    assert missing == {
        "estimated_loss": (False, ("estimate",)),
        "prediction_drift": (False, ("prediction_drift",)),
        "drift_share": (False, ("drift",)),
        "auto_quantile": (False, ("drift",)),
        "any_of": (True, ("estimate",)),
        "recoverable_loss": (True, ("probe",)),
        "never": (True, ()),
        "cara": (True, ()),
    }


def test_without_policies_the_grid_is_replayed() -> None:
    """The anchors and the grid of a backtest; rules that look at drift only where it is scored."""
    bare = {one.name for one in replay(aging(12)).policies}
    scored = {one.name for one in replay(aging(12), scores=lambda *_: ()).policies}
    assert {"never()", "always()", "recoverable_loss()"} <= bare
    assert scored - bare == {"drift_share(threshold=0.5)", "auto_quantile()", "target_drift()"}
    assert len(scored) == len(ANCHORS) + len(GRID)


def test_hysteresis_remembers_in_a_replay() -> None:
    """A rule that must fire in two of three checks retrains every second one."""
    twice = {"policy": "k_of_n", "k": 2, "n": 3, "trigger": {"policy": "always"}}
    assert replay(aging(10), policies=[twice]).policies[0].schedule == (4, 6, 8)


def test_an_old_age_is_answered_once_in_a_replay() -> None:
    """Labels that are four batches late leave every new model past the age: one retrain in three days, not each day."""
    done = replay(aging(20), policies=[{"policy": "max_age", "max_age_days": 3}], label_delay=4, history=0.4, cost=0.0)
    assert done.policies[0].schedule == (8, 11, 14, 17)


def test_the_same_replay_twice_is_the_same() -> None:
    """A replay depends on its arguments alone, and its result survives JSON."""
    loss = rough(20, 0)
    first, second = (replay(loss, probes(loss, 0.1)) for _ in range(2))
    assert first == second
    assert Replay.model_validate_json(first.model_dump_json()) == first


MONDAYS = [datetime(2026, 1, 5, tzinfo=UTC) + timedelta(weeks=n) for n in range(30)]


class OnMondays(Trigger):
    """Fires on Mondays: a rule about the date alone."""

    declares = frozenset({"calendar"})
    policy: Literal["on_mondays"] = "on_mondays"

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        if not signals.dated:
            return self.not_applicable("the date is not known")
        return self.compare(float(now.weekday() == 0), 1.0, f"it is {now:%A}")


def test_a_replay_runs_on_the_true_calendar() -> None:
    """Weeks that end on Mondays: a rule about Mondays fires at each, one about months at the first end in a month."""
    done = replay(aging(30), policies=[OnMondays(), {"policy": "schedule", "every": "month"}], cost=0, ends=MONDAYS)
    mondays, months = done.policies
    assert mondays.schedule == tuple(range(9, 29))
    begun = {(end.year, end.month): place for place, end in reversed(list(enumerate(MONDAYS)))}
    assert months.schedule == tuple(sorted(place for place in begun.values() if 9 <= place < 29))
    assert [one.missing for one in done.policies] == [(), ()]
    tuesdays = [end + timedelta(days=1) for end in MONDAYS]
    assert replay(aging(30), policies=[OnMondays()], cost=0, ends=tuesdays).policies[0].schedule == ()


def test_without_dates_no_rule_about_dates_is_applicable() -> None:
    """On made-up dates it is reported as not applicable; a composition of it and another rule judges by the other."""
    both = {"policy": "any_of", "triggers": [{"policy": "schedule"}, {"policy": "periodic", "every": 4}]}
    done = replay(aging(100), policies=["schedule", OnMondays(), both, {"policy": "periodic", "every": 4}], cost=0)
    schedule, mondays, any_of, periodic = done.policies
    assert [(one.applicable, one.missing) for one in (schedule, mondays)] == [(False, ("calendar",))] * 2
    assert (any_of.applicable, any_of.missing, any_of.schedule) == (True, ("calendar",), periodic.schedule)


def test_dates_change_nothing_for_rules_that_do_not_read_them() -> None:
    """Batches that follow each other evenly give the same replay on any date."""
    loss = rough(30, 1)
    asked = [*usual(with_drift=False), MaxAge(max_age_days=40), NewRows(rows=4000)]
    bare = replay(loss, probes(loss, 0.1), policies=asked, every=timedelta(weeks=1), label_delay=2)
    dated = replay(loss, probes(loss, 0.1), policies=asked, ends=MONDAYS, label_delay=2)
    assert bare == dated


def test_days_pass_in_a_hole_and_batches_do_not() -> None:
    """Ten weeks without rows end a cooldown and make a champion old; its age in batches, and late labels, stay."""
    ends = [end + (timedelta(weeks=10) if place >= 15 else timedelta(0)) for place, end in enumerate(MONDAYS)]
    asked: list[Any] = [["always", Cooldown(days=50)], MaxAge(max_age_days=70), Periodic(every=9), RecoverableLoss()]
    loss = aging(30)
    even, holed = (replay(loss, probes(loss, 0.1), policies=asked, ends=one, label_delay=1) for one in (MONDAYS, ends))
    assert [one.schedule for one in even.policies][:2] == [(9, 17, 25), (17, 27)]
    assert [one.schedule for one in holed.policies][:2] == [(9, 15, 23), (15, 25)]
    assert even.policies[2:] == holed.policies[2:]


def holed(place: tuple[int, int]) -> np.ndarray:
    matrix = aging(10)
    matrix[place] = np.nan
    return matrix


@pytest.mark.parametrize(
    ("given", "found", "expected"),
    [
        ({"loss_matrix": np.ones((3, 4))}, r"shape \(3, 4\)", r"shape \(B, B\)"),
        ({"loss_matrix": holed((2, 5))}, r"nan at \[2, 5\], 1 such", r"\[i, j\] with j > i"),
        ({"loss_matrix": np.ones((3, 3))}, "3 batches, of which 1 are history", "two batches of history"),
        ({"probe_matrix": np.ones((9, 9))}, r"shape \(9, 9\)", r"shape \(10, 10\)"),
        ({"probe_matrix": holed((4, 5))}, r"nan at \[4, 5\]", r"\[j - 1, j\]"),
        ({"errors": holed((0, 9))}, r"errors: nan at \[0, 9\]", "finite numbers"),
        ({"cost": -1.0}, "cost: -1.0", "0 or more"),
        ({"probe_cost": float("nan")}, "probe_cost: nan", "finite"),
        ({"label_delay": -1}, "label_delay: -1", "0 or more"),
        ({"history": 1.0}, "history: 1.0", "between 0 and 1"),
        ({"rows": [1, 2]}, "rows: 2 numbers", "10 numbers"),
        ({"ends": MONDAYS}, "ends: 30 moments", "10 moments"),
        ({"ends": MONDAYS[9::-1]}, r"ends: 2026-03-02 00:00 at \[1\] after 2026-03-09", "no earlier"),
        ({"ends": [*MONDAYS[:9], "2026-12-01"]}, "ends: what is no datetime", "10 moments"),
        ({"ends": [*MONDAYS[:9], None]}, "ends: what is no datetime", "10 moments"),
    ],
)
def test_what_does_not_fit_is_reported(given: dict[str, object], found: str, expected: str) -> None:
    """Each wrong argument is a ValueError that names it, with what was found and what is expected."""
    arguments: dict[str, object] = {"loss_matrix": aging(10), "policies": [Never()], **given}
    with pytest.raises(NotReplayable, match=rf"(?s){found}.*expected: .*{expected}") as caught:
        replay(**arguments)  # type: ignore[arg-type]
    assert isinstance(caught.value, ValueError)


def test_matrices_need_no_numbers_where_no_one_looks() -> None:
    """Below the diagonal, and off the one of the probes, anything may be."""
    loss = np.where(np.triu(np.ones((20, 20)), 1) > 0, aging(20), np.nan)
    cheap = np.where(np.eye(20, k=1) > 0, loss, np.nan)
    assert replay(loss, cheap).policies[0].total_cost == replay(aging(20), aging(20)).policies[0].total_cost


def test_days_are_counted_by_the_length_of_a_batch() -> None:
    """A cooldown of ten days vetoes one weekly retrain of two, and nine of ten daily ones."""
    asked: dict[str, Any] = {"cooled": ["always", Cooldown(days=10)]}
    daily = replay(aging(30), policies=asked, cost=0.0)
    weekly = replay(aging(30), policies=asked, cost=0.0, every=timedelta(days=7))
    assert daily.policies[0].schedule == (9, 19)
    assert weekly.policies[0].schedule == tuple(range(9, 29, 2))
