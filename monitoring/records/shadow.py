"""Challenger in shadow: scored next to the champion on labeled windows after its training, until a verdict."""

from __future__ import annotations

from typing import Literal

from driftloop.monitoring.records.base import Moment, Record, Window

ShadowState = Literal["comparing", "waiting", "proven", "proven_worse", "unproven", "ended"]


class ShadowWindow(Record):
    """One labeled window that counts: losses of champion and challenger on the same rows, and what the tests need.

    `error` is the standard error of the difference of the losses by `degrees` waves. Each of the others are bets on the
    rows (`monitoring.sequential`): on a lower loss of the challenger, on one that is not higher by the margin, and on a
    higher one. Windows of another loss, with other weights of rows, or with another margin do not count together.
    """

    window: Window
    rows: int
    champion_loss: float
    challenger_loss: float
    error: float
    degrees: int
    better: tuple[float, ...]
    within: tuple[float, ...]
    worse: tuple[float, ...]
    margin: float = 0.0
    loss_name: str | None = None
    weight: str | None = None

    @property
    def difference(self) -> float:
        """Return the loss of the challenger minus that of the champion."""
        return self.challenger_loss - self.champion_loss

    @property
    def measured_by(self) -> tuple[str | float | None, ...]:
        """Return what two windows must have in common to count together."""
        return self.loss_name, self.weight, self.margin


class Shadow(Record):
    """State of the challenger `version` after this check, compared with the version `champion`.

    `since` is the time of its request. `windows` of `most` labeled windows have counted. `difference` is their mean
    loss of the challenger minus the champion's; `better`, `within` and `worse` are the evidence that it is below 0, not
    above `margin` (in units of the loss), and above 0; from `proof` on it decides. For `waiting` the `reason` is why
    this check added no window. `proven` promotes the challenger; `proven_worse`, `unproven` and `ended` decline it.
    """

    version: str
    champion: str
    since: Moment
    state: ShadowState
    windows: tuple[ShadowWindow, ...] = ()
    most: int
    margin: float
    difference: float | None = None
    better: float | None = None
    within: float | None = None
    worse: float | None = None
    proof: float
    reason: str

    @property
    def promotes(self) -> bool | None:
        """Return whether the challenger is promoted or declined now; None while the comparison goes on."""
        return {"proven": True, "proven_worse": False, "unproven": False, "ended": False}.get(self.state)

    @property
    def sentence(self) -> str:
        """Return the state as text.

        >>> Shadow(version="3", champion="2", since="2026-03-01", state="comparing", most=3, margin=0.02,
        ...     difference=-0.25, better=3.2, within=4.6, worse=0.1, proof=100, reason="no proof yet").sentence
        'version 3 in shadow of version 2 after 0 of 3 labeled windows: no proof yet (loss lower by 0.25; evidence \
better 3.2, within the margin 4.6, worse 0.1, of 100)'
        """
        figures = ""
        if self.difference is not None:
            side = "higher" if self.difference > 0 else "lower"
            known = {"better": self.better, "within the margin": self.within, "worse": self.worse}
            known = known if self.margin else {key: value for key, value in known.items() if key != "within the margin"}
            found = ", ".join(f"{key} {min(value, 1e6):.3g}" for key, value in known.items() if value is not None)
            figures = f" (loss {side} by {abs(self.difference):.3g}; evidence {found}, of {self.proof:g})"
        progress = f"{len(self.windows)} of {self.most} labeled windows"
        return f"version {self.version} in shadow of version {self.champion} after {progress}: {self.reason}{figures}"
