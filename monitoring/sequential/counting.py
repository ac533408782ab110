"""Windows that count in a comparison of two models: each row once, and each window with enough rows. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, NamedTuple, Protocol, TypeVar

from driftloop.monitoring.records import Window
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
