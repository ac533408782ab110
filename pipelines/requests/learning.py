"""Update of a backtest's estimates at each promotion."""

from __future__ import annotations

from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.policies.learning import relearn
from driftloop.monitoring.policies.tenure import tenure
from driftloop.monitoring.records import UNTRAINED, Check, History, Signals
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.config.training_window import ChosenSpan


def learn_on(config: Project, ledger: Ledger, check: Check, history: History) -> None:
    """After a promotion, add the measurements of the former champion's checks to what a backtest had learned.

    `history` ends before the check that requested the retrain.

    The probe bias is measured where a full challenger follows a probe: as the difference of their gains over the same
    champion, on rows of the same age. Where probes choose the window, the two were trained on different rows, so
    the bias is not updated; nor after a shadow, whose challenger is older than the probe.
    """
    retrain, learned, probed = check.retrain, ledger.learned(config.model), check.probe
    if retrain is None or not retrain.promoted or retrain.code in UNTRAINED or learned is None:
        return
    bias = None
    plain = not isinstance(config.training.window, ChosenSpan)
    if (
        plain
        and probed
        and check.shadow is None
        and retrain.champion_loss is not None
        and retrain.challenger_loss is not None
    ):
        gain = retrain.champion_loss - retrain.challenger_loss
        bias = gain - (probed.champion_loss - probed.probe_loss)
    signals = Signals(
        window=check.window,
        rows=check.window.rows,
        labelled_rows=check.performance.rows if check.performance else 0,
        performance=check.performance,
        champion=check.champion,
    )
    lag = signals.lag_batches + config.held_back / check.window.length
    updated = relearn(learned, (*tenure(signals, history), check.past), lag=lag, excess=bias)
    ledger.learn(config.model, updated, check.now)
