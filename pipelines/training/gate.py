"""The proof that a challenger must bring before it takes over. Pure: arrays of losses in, a verdict out."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, log10
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from driftloop.monitoring.errors import listed
from driftloop.monitoring.records import Record

if TYPE_CHECKING:
    from driftloop.pipelines.config.project import Gate

Floats = NDArray[np.float64]
Opponent = Literal["champion", "naive baseline"]
Code = Literal[
    "better", "not_better", "worse_than_naive", "tie", "too_few_rows", "not_finite", "above_max_loss", "leak"
]


class Verdict(Record):
    """The gate's answer. Losses are means over the same `rows`; lower is better.

    `difference` is the opponent's loss minus the challenger's (positive: the challenger is better), `low` and `high`
    its interval; they are null where it did not come to a comparison. `champion_loss` is null when the opponent was
    the naive baseline, and `baseline_loss` when it was the champion.
    """

    passed: bool
    code: Code
    reason: str
    opponent: Opponent
    champion_loss: float | None
    baseline_loss: float | None
    challenger_loss: float | None
    difference: float | None
    low: float | None
    high: float | None
    rows: int


def judge(
    challenger_losses: Floats,
    opponent_losses: Floats,
    *,
    opponent: Opponent,
    settings: Gate,
    leaks: Sequence[str] = (),
    loss_name: str = "error",
) -> Verdict:
    """Pass the challenger only if it is proven better, on the same rows, than its opponent.

    Both arrays have shape (n,), hold the loss of the same rows, and are in time order. It passes if no feature gives
    the target away, n >= `min_rows`, its mean loss is at most `max_loss`, and the lower end of the two-sided interval
    of the mean difference lies above `margin` times the opponent's mean loss: a challenger that is no better passes
    with a probability of about (1 - confidence) / 2. At the bound exactly, at a tie, and with a loss that is not a
    number, the opponent stays.
    """
    challenger, other = (np.asarray(losses, dtype=np.float64) for losses in (challenger_losses, opponent_losses))
    if challenger.shape != other.shape or challenger.ndim != 1:
        raise ValueError(f"losses of the same rows are compared, found shapes {challenger.shape} and {other.shape}")
    rows = len(challenger)
    means = [_finite_mean(losses) for losses in (challenger, other)]

    def verdict(code: Code, reason: str, interval: tuple[float, float, float] | None = None) -> Verdict:
        difference, low, high = interval or (None, None, None)
        return Verdict(
            passed=code == "better",
            code=code,
            reason=reason,
            opponent=opponent,
            champion_loss=means[1] if opponent == "champion" else None,
            baseline_loss=means[1] if opponent == "naive baseline" else None,
            challenger_loss=means[0],
            difference=difference,
            low=low,
            high=high,
            rows=rows,
        )

    refusal = _refusal(challenger, other, opponent, settings, leaks, loss_name)
    if refusal is not None:
        return verdict(*refusal)
    mean, bar = float(challenger.mean()), float(other.mean())
    against = f"{loss_name} {figure(mean)} against {figure(bar)} {_on(opponent, rows)}"
    if np.array_equal(challenger, other):
        return verdict("tie", f"{against}: no different on a single row, the {opponent} stays", (0.0, 0.0, 0.0))
    interval = mean_difference(other - challenger, settings.confidence, settings.resamples, settings.seed)
    told = _in_words(interval, bar, settings.confidence)
    if interval[1] > settings.margin * bar:
        return verdict("better", f"{against}: {told}", interval)
    margin = f" by more than {100 * settings.margin:.1f} %" if settings.margin else ""
    reason = f"{against}: {told}; not proven better{margin}"
    return verdict("not_better" if opponent == "champion" else "worse_than_naive", reason, interval)


def _refusal(
    challenger: Floats, other: Floats, opponent: Opponent, settings: Gate, leaks: Sequence[str], loss_name: str
) -> tuple[Code, str] | None:
    """Why it does not come to a comparison, if it does not."""
    rows = len(challenger)
    if leaks:
        who = listed(leaks) if len(leaks) == 1 else f"each of {listed(leaks)}"
        return "leak", f"{who} alone tells the target: it would not be there when the model is used"
    if rows < settings.min_rows:
        need = f"{rows:,} held-out rows that neither has seen, at least {settings.min_rows:,} are needed"
        why = "; the champion has learned from the other held-out rows: wait for newer labels"
        return "too_few_rows", need + (why if opponent == "champion" else "")
    bad = [int((~np.isfinite(losses)).sum()) for losses in (challenger, other)]
    if any(bad):
        who = "challenger" if bad[0] else opponent
        on = f"on {bad[0] or bad[1]:,} of {rows:,} rows"
        return "not_finite", f"the loss of the {who} is not a finite number {on}: nothing can be compared"
    if settings.max_loss is not None and (mean := float(challenger.mean())) > settings.max_loss:
        allowed = figure(settings.max_loss)
        return "above_max_loss", f"{loss_name} {figure(mean)} on {rows:,} rows, at most {allowed} is allowed"
    return None


def mean_difference(
    differences: Floats, confidence: float = 0.95, resamples: int = 2000, seed: int = 0
) -> tuple[float, float, float]:
    """The mean of values in time order and its two-sided interval, which allows for neighbours that err alike.

    Blocks of neighbours are drawn, not rows: moving blocks (Künsch 1989) on a circle, so that every row counts the
    same (Politis and Romano 1992). What is resampled is the mean over its own standard error (Götze and Künsch 1996),
    since losses are skewed: plain quantiles pass a challenger that is a little better mostly and terrible seldom
    up to twice as often. Fewer than 6 values have an unbounded interval.

    >>> mean_difference(np.array([1.0, 1.0, 1.0, 1.0]))
    (1.0, 1.0, 1.0)
    >>> mean_difference(np.array([1.0, 2.0]))
    (1.5, -inf, inf)
    """
    mean, n = float(differences.mean()), len(differences)
    if n > 0 and np.ptp(differences) == 0:
        return mean, mean, mean
    if n < 6:
        return mean, -np.inf, np.inf
    length = block_length(n)
    blocks = n // length
    centred = differences - mean
    running = np.concatenate([[0.0], np.cumsum(np.concatenate([centred, centred[:length]]))])
    of_blocks = (running[length : length + n] - running[:n]) / length
    error = float(np.sqrt((of_blocks**2).mean() / blocks))
    drawn = np.random.default_rng(seed).integers(0, n, size=(resamples, blocks))
    means = of_blocks[drawn]
    errors = np.maximum(means.std(axis=1, ddof=1) / np.sqrt(blocks), 1e-9 * error)
    tail = (1 - confidence) / 2
    lowest, highest = np.quantile(means.mean(axis=1) / errors, [tail, 1 - tail])
    return mean, mean - float(highest) * error, mean - float(lowest) * error


def block_length(n: int) -> int:
    """Rows in a block: n^(1/3) as Künsch has it, or a fifteenth of all where that is longer.

    Blocks have to outlast what neighbouring rows share, a bad day say, and that is seldom visible from row to row. On
    14 days of 900 rows, with 1 % of the variance between days, blocks of n^(1/3) pass a challenger that is no better
    20 times in 100, fifteen blocks 5 times. On independent rows they cost 5 % of the interval.

    >>> block_length(10), block_length(200), block_length(15_000)
    (3, 13, 1000)
    """
    return min(max(ceil(round(float(np.cbrt(n)), 9)), n // 15), n // 3)


def figure(value: float) -> str:
    """A number with four significant digits and no exponent where one can read it without.

    >>> figure(8.1234), figure(123456.7), figure(0.00012345), figure(0.0)
    ('8.123', '123,457', '0.0001234', '0')
    """
    if value == 0 or not 1e-6 <= abs(value) < 1e15:
        return f"{value:.4g}"
    return f"{value:,.{max(0, 3 - floor(log10(abs(value))))}f}"


def _in_words(interval: tuple[float, float, float], bar: float, confidence: float) -> str:
    """The difference and its interval as shares of the opponent's loss, or as they are where that is zero."""
    share = bar > 0
    mean, low, high = (100 * value / bar if share else value for value in interval)
    unit, show = (" %", lambda value: f"{value:.1f}") if share else ("", figure)
    side = f"{'better' if mean > 0 else 'worse'} by {show(abs(mean))}{unit}" if mean else "no different on average"
    ends = (low, high) if mean >= 0 else (-high, -low)
    return f"{side} ({100 * confidence:g} % interval {show(ends[0])} to {show(ends[1])}{unit})"


def _on(opponent: Opponent, rows: int) -> str:
    if opponent == "champion":
        return f"on {rows:,} rows neither has seen"
    return f"of the naive baseline on {rows:,} rows it has not seen"


def _finite_mean(losses: Floats) -> float | None:
    """The mean, or nothing if there is none."""
    return float(losses.mean()) if len(losses) and np.isfinite(losses).all() else None
