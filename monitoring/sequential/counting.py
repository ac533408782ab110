"""Windows that count in a comparison of two models: each row once, and each window with enough rows. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import isfinite
from typing import Any, Literal, NamedTuple, Protocol, TypeVar

import numpy as np

from driftloop.monitoring.records import ArchiveScore, ArchiveScores, Window
from driftloop.monitoring.sequential.evidence import LEAST_ROWS


class Counted(Protocol):
    """What is read of a window that counts."""

    @property
    def window(self) -> Window: ...
    @property
    def rows(self) -> int: ...


AnyWindow = TypeVar("AnyWindow", bound=Counted)


class Missing(NamedTuple):
    """Why a check adds no window to a comparison."""

    state: Literal["waiting", "unreadable"]
    reason: str


class Pair(NamedTuple):
    """The scores of the champion and of another version on the same rows; `measured` are the fields of their window."""

    own: ArchiveScore
    theirs: ArchiveScore
    measured: dict[str, Any]


def paired(
    number: str, start: datetime, *, watched: bool, scores: ArchiveScores | None, problem: str | None
) -> Pair | Missing:
    """Return the scores of version `number` next to those of the champion, or why this check has none.

    `problem` is why they cannot be compared; not `watched`: there are no labeled rows after `start`.
    """
    if problem is not None:
        return Missing("unreadable", f"version {number} cannot be compared: {problem}")
    if not watched:
        return Missing("waiting", f"no labeled rows of the time after {start:%Y-%m-%d %H:%M} yet")
    if scores is None:
        return Missing("waiting", f"too few labeled rows, minimum {LEAST_ROWS}")
    own, theirs = scores.scores[0], next((one for one in scores.scores if one.version == number), None)
    if theirs is None:
        return Missing("unreadable", f"version {number} has other classes, or its files are damaged")
    if not (isfinite(own.loss) and isfinite(theirs.loss)):
        return Missing("waiting", "the losses of this window are not finite")
    measured = {
        "window": scores.window,
        "rows": scores.rows,
        "champion_loss": own.loss,
        "error": float(np.linalg.norm(np.subtract(own.waves, theirs.waves))),
        "degrees": len(own.waves),
        "loss_name": scores.loss_name,
        "weight": scores.weight,
    }
    return Pair(own, theirs, measured)


def added(
    windows: tuple[AnyWindow, ...], new: AnyWindow, length: timedelta
) -> tuple[tuple[AnyWindow, ...], Missing | None]:
    """Return the windows with that of this check, or why it does not count. `length` is that of a whole window.

    A window that is judged again replaces its earlier losses, because its labels were corrected. No row counts twice: a
    window that overlaps an earlier one does not count.
    """
    if any(one.window == new.window for one in windows):
        return tuple(new if one.window == new.window else one for one in windows), None
    if new.rows < LEAST_ROWS:
        return windows, Missing("waiting", f"{new.rows} labeled rows, minimum {LEAST_ROWS}")
    if new.window.length < length / 2:
        reason = f"the labeled rows since {new.window.start:%Y-%m-%d %H:%M} span less than half a window"
        return windows, Missing("waiting", reason)
    if windows and new.window.start < windows[-1].window.end:
        end = windows[-1].window.end
        return windows, Missing("waiting", f"the labeled rows up to {end:%Y-%m-%d %H:%M} have counted already")
    return (*windows, new), None
