"""Data of a model's pages: its checks, retrains and versions. Frozen and pure; read elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from driftloop.monitoring.presentation.standing import format_new_champion, newest_of
from driftloop.monitoring.records import Check, Retrain, Standing, Window

Taken = Literal["promoted", "switched_back", "recalibrated"]
MarkKind = Literal[Taken, "rejected", "waiting", "shadowing", "failed", "rolled_back", "healed", "moved"]


@dataclass(frozen=True)
class Mark:
    """One event between checks, or at one: the end of a retrain, a rollback.

    `version` serves after it, and `left` served before it, if the event records it.
    """

    moment: datetime
    kind: MarkKind
    reason: str
    version: str | None = None
    left: str | None = None


def undone(version: str | None, moves: Iterable[Mark]) -> MarkKind | None:
    """Return how a version that was promoted was taken away again, None while it serves. `moves` are newest first.

    >>> from datetime import UTC
    >>> away = Mark(datetime(2026, 1, 2, tzinfo=UTC), "rolled_back", "", version="1", left="2")
    >>> back = Mark(datetime(2026, 1, 3, tzinfo=UTC), "rolled_back", "", version="2", left="1")
    >>> undone("2", [away]), undone("2", [back, away]), undone("1", [away])
    ('rolled_back', None, None)
    """
    if version is None:
        return None
    move = next((move for move in moves if version in {move.version, move.left}), None)
    return move.kind if move and move.left == version else None


@dataclass(frozen=True)
class Request:
    """One requested retrain. `check_id` is the check that requested it; None for a manual retrain.

    `shadow` is when its challenger was in shadow, if it was and has left it.
    """

    request_id: str
    asked_at: datetime
    state: str
    reason: str
    champion: str | None = None
    check_id: str | None = None
    retrain: Retrain | None = None
    error: str | None = None
    shadow: Window | None = None


@dataclass(frozen=True)
class Lineage:
    """One version in the registry: what it learned from and what the gate decided.

    Features, settings of the training and importances are set for versions that are compared.
    """

    number: str
    alias: str | None = None
    trained_on: tuple[Window, ...] = ()
    request_id: str | None = None
    loss: str | None = None
    gate_reason: str | None = None
    refit: bool = False
    rows: int = 0
    features: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    importance: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class ModelHistory:
    """All that a model's page shows. Checks oldest first, requests, versions and moves newest first.

    `older` counts the checks that are too old to be shown; `links` leads from a check's id to its HTML report,
    `backtest` to the page of the newest one, `comparisons` from the titles of comparisons to their pages.
    """

    model: str
    written: datetime
    checks: tuple[Check, ...] = ()
    older: int = 0
    requests: tuple[Request, ...] = ()
    versions: tuple[Lineage, ...] = ()
    moves: tuple[Mark, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)
    backtest: str | None = None
    comparisons: Mapping[str, str] = field(default_factory=dict)

    @property
    def judged(self) -> tuple[Check, ...]:
        """The checks that measured something."""
        return tuple(check for check in self.checks if check.columns or check.performance)

    @property
    def champion(self) -> str | None:
        """The version that serves according to the registry, otherwise according to the last check."""
        named = next((version.number for version in self.versions if version.alias == "champion"), None)
        return named or (self.checks[-1].champion_after if self.checks else None)

    @property
    def measured(self) -> Check | None:
        """The newest check that measured a loss of the champion that serves now."""
        return newest_of(self.champion, reversed(self.checks))

    @property
    def standing(self) -> Standing:
        """How the champion that serves now does; unknown until a check has measured its loss."""
        return self.measured.standing if self.measured else "unknown"

    @property
    def gate_loss(self) -> float | None:
        """The loss of the champion on the rows of its gate."""
        ends = (request.retrain for request in self.requests)
        return next((end.challenger_loss for end in ends if end and end.version == self.champion), None)

    @property
    def worse(self) -> bool:
        """Whether the current champion is significantly worse than its reference."""
        return self.standing == "worse"

    @property
    def new_champion(self) -> str:
        """What is known of the loss of a champion that no check has measured yet; empty if one has."""
        if self.measured or self.gate_loss is None or self.champion is None:
            return ""
        newest = next((check for check in reversed(self.checks) if check.performance), None)
        return format_new_champion(self.champion, self.gate_loss, newest)

    def undone(self, version: str | None) -> MarkKind | None:
        """How a version that was promoted was taken away again, None while it serves."""
        return undone(version, self.moves)

    @property
    def marks(self) -> tuple[Mark, ...]:
        """Results of retrains, and rollbacks, repairs and manual changes of the champion, oldest first.

        A challenger that left its shadow has two marks: when it entered it, and its result when it left it.
        """
        known = [mark for request in self.requests if (mark := _end(request)) is not None]
        known += [_shadow(request, request.shadow) for request in self.requests if request.shadow is not None]
        return tuple(sorted([*known, *self.moves], key=lambda mark: mark.moment))


def _end(request: Request) -> Mark | None:
    retrain = request.retrain
    if retrain is not None:
        if request.state == "rolled_back":
            return None  # its event is among the moves
        kind: MarkKind = "promoted" if retrain.promoted else "rejected"
        kinds: dict[str, MarkKind] = {"awaiting_approval": "waiting", "shadowing": "shadowing"}
        kinds |= {"switched_back": "switched_back", "recalibrated": "recalibrated"}
        kind = kinds.get(request.state, kind)
        version = f"version {retrain.version}: " if retrain.version else ""
        if request.shadow is not None:
            return Mark(request.shadow.end, kind, f"{kind}, {version}{_span(request.shadow)}; {retrain.reason}")
        return Mark(request.asked_at, kind, f"{kind}, {version}{retrain.reason}")
    if request.state == "failed":
        return Mark(request.asked_at, "failed", f"the retrain failed: {request.error or 'no reason was recorded'}")
    return None


def _shadow(request: Request, shadow: Window) -> Mark:
    version = f"version {request.retrain.version}: " if request.retrain and request.retrain.version else ""
    return Mark(shadow.start, "shadowing", f"{version}{_span(shadow)}, then {request.state.replace('_', ' ')}")


def _span(shadow: Window) -> str:
    return f"in shadow from {shadow.start:%Y-%m-%d %H:%M} to {shadow.end:%Y-%m-%d %H:%M}"
