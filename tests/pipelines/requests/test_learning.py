"""What a backtest has learned goes on learning at each promotion, and at nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.records import Check, History, Learned, Probe, changed
from driftloop.pipelines.config.project import load
from driftloop.pipelines.requests.learning import learn_on
from tests.histories import START, check, retrained
from tests.streams import write

BEFORE = Learned(batch_loss=2.0, age_gap=(0.0, 0.1, 0.4), handicap=0.3, batches=4)
Learn = Callable[..., Learned | None]


@pytest.fixture
def learn(tmp_path: Path) -> Iterator[Learn]:
    """Makes a ledger that knows a backtest, ends a check in it, and returns what is known then."""
    with closing(Ledger(f"sqlite:///{tmp_path}/ledger.db")) as ledger:

        def after(ended: Check, known: Learned | None = BEFORE, history: History | None = None, **config: Any) -> Any:
            if known is not None:
                ledger.learn("taxi", known, START)
            file = write(tmp_path, model="taxi", **config)
            learn_on(load(file), ledger, ended, history or History())
            return ledger.learned("taxi")

        yield after


def promotion(**more: Any) -> Check:
    """A promotion that won 1.25 per row over the champion, after a probe that had found 0.75."""
    probe = Probe(champion_loss=3.0, probe_loss=2.25, gap=1.05, rows=900)
    return retrained(20, promoted=True, champion="1", version="2", **{"probe": probe, "age_batches": 3.0, **more})


def test_only_a_promotion_teaches(learn: Learn) -> None:
    """A rejected challenger, and a check without a retrain, leave what was learned as it is."""
    assert learn(retrained(20, promoted=False, champion="1", version="2")) == BEFORE
    assert learn(check(20)) == BEFORE


def test_without_a_backtest_nothing_is_learned(learn: Learn) -> None:
    """There is no curve to update before a first backtest."""
    assert learn(promotion(), known=None) is None


def test_the_probe_bias_moves_to_what_the_challenger_won(learn: Learn) -> None:
    """The challenger won 0.5 more than the probe: the bias of 0.3 moves a fifth of the way to 0.5."""
    known = learn(promotion())
    assert known is not None
    assert known.handicap == pytest.approx(0.3 + (0.5 - 0.3) / 5)
    assert (known.age_gap, known.batches) == (BEFORE.age_gap, 5)


def test_probes_that_chose_the_window_say_nothing_of_the_bias(learn: Learn) -> None:
    """There probe and challenger learned from different rows; without a probe there is nothing to compare."""
    chosen = learn(promotion(), training__window="choose")
    without = learn(promotion(probe=None))
    assert chosen is not None
    assert without is not None
    assert chosen.handicap == without.handicap == BEFORE.handicap


def test_the_checks_of_the_champion_that_left_count(learn: Learn) -> None:
    """Each of its checks is one more batch; those of the champion before it are not."""
    own = check(10, champion="1", age_batches=1.0)
    other = check(5, champion="0", age_batches=1.0)
    known = learn(promotion(), history=History(checks=(other.past, own.past)))
    assert known is not None
    assert known.batches == BEFORE.batches + 2
    assert changed(known, batches=0).age_gap == BEFORE.age_gap
