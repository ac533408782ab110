"""Watch over a promotion: the new champion compared with the previous one on the labeled windows since."""

from __future__ import annotations

from typing import Literal

from driftloop.monitoring.records.base import Moment, Record, Window

WatchState = Literal["watching", "waiting", "unreadable", "passed", "proven_worse", "ended"]


class WatchedWindow(Record):
    """One labeled window that counts: losses of both versions on the same rows, and what the test needs of them.

    `error` is the standard error of the difference of the losses by `degrees` waves, `bets` are those on a higher loss
    of the new champion (`monitoring.sequential`). Windows of another loss, or with other weights of rows, do not count
    together.
    """

    window: Window
    rows: int
    champion_loss: float
    previous_loss: float
    error: float
    degrees: int
    bets: tuple[float, ...]
    loss_name: str | None = None
    weight: str | None = None

    @property
    def difference(self) -> float:
        """Return the loss of the new champion minus that of the previous one."""
        return self.champion_loss - self.previous_loss


class PromotionWatch(Record):
    """State of the watch over the promotion of `version` at `since`, after this check.

    `windows` of `most` labeled windows have counted. `difference` is their mean loss of the new champion minus that of
    the `previous` one, `evidence` that the new one is worse; from `proof` on the previous one serves again. For
    `waiting` and `unreadable` the `reason` is why this check added no window. After `passed`, `proven_worse` or `ended`
    nothing more is compared.
    """

    version: str
    previous: str
    since: Moment
    state: WatchState
    windows: tuple[WatchedWindow, ...] = ()
    most: int
    difference: float | None = None
    evidence: float | None = None
    proof: float
    reason: str

    @property
    def sentence(self) -> str:
        """Return the state as text.

        >>> PromotionWatch(version="3", previous="2", since="2026-03-01", state="watching", most=4, difference=0.25,
        ...     evidence=3.2, proof=100, reason="not proven worse").sentence
        'version 3 after 0 of 4 labeled windows: not proven worse (loss higher by 0.25, evidence 3.2 of 100)'
        """
        figures = ""
        if self.difference is not None and self.evidence is not None:
            side = "higher" if self.difference >= 0 else "lower"
            size = f"loss {side} by {abs(self.difference):.3g}"
            figures = f" ({size}, evidence {min(self.evidence, 1e6):.3g} of {self.proof:g})"
        progress = f"{len(self.windows)} of {self.most} labeled windows"
        return f"version {self.version} after {progress}: {self.reason}{figures}"
