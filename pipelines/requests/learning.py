"""What a backtest has learned of a model goes on learning at each promotion."""

from __future__ import annotations

from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.policies.learning import relearn
from driftloop.monitoring.policies.tenure import tenure
from driftloop.monitoring.records import Check, History, Signals
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.config.training_window import ChosenSpan


def learn_on(config: Project, ledger: Ledger, check: Check, history: History) -> None:
    """After a promotion, add what the checks of the champion that left have measured to what a backtest had learned.

    `history` is what was known before the check asked for it.

    How far a probe is behind a full challenger shows where one was followed by the other: by what each won over the
    same champion, on rows that are as new as each other. Where probes choose the window, the two learned from
    different rows, and nothing is taken from it.
    """
    retrain, learned, probed = check.retrain, ledger.learned(config.model), check.probe
    if retrain is None or not retrain.promoted or learned is None:
        return
    behind = None
    plain = not isinstance(config.training.window, ChosenSpan)
    if plain and probed and retrain.champion_loss is not None and retrain.challenger_loss is not None:
        won = retrain.champion_loss - retrain.challenger_loss
        behind = won - (probed.champion_loss - probed.probe_loss)
    seen = Signals(
        window=check.window,
        rows=check.window.rows,
        labelled_rows=check.performance.rows if check.performance else 0,
        performance=check.performance,
        champion=check.champion,
    )
    lag = seen.lag_batches + config.held_back / check.window.length
    known = relearn(learned, (*tenure(seen, history), check.past), lag=lag, excess=behind)
    ledger.learn(config.model, known, check.now)
