"""Challenger in shadow, in a check: the rows on which it is compared with the champion, and its state after them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import isfinite

from driftloop.monitoring.ledger import Ledger, Request
from driftloop.monitoring.records import (
    ArchiveScores,
    Reference,
    Shadow,
    ShadowWindow,
    Window,
)
from driftloop.monitoring.sequential import scale_of
from driftloop.monitoring.sequential.counting import Missing, paired
from driftloop.monitoring.sequential.shadow import InShadow, end, judge
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.flows.paired_losses import Watch
from driftloop.pipelines.flows.watching import MOST_ROWS, readable
from driftloop.pipelines.registry import Version, archive, pending

# Past checks that are looked through for the newest state.
MOST_CHECKS = 64


@dataclass(frozen=True)
class Plan:
    """A challenger in shadow, to be scored on rows from `start` on; its request, and its windows so far.

    `ends` is why it is declined without a comparison.
    """

    shadow: InShadow
    version: Version
    request: Request
    start: datetime
    windows: tuple[ShadowWindow, ...] = ()
    ends: str | None = None


def plan(config: Project, ledger: Ledger, champion: Version, reference: Reference, now: datetime) -> Plan | None:
    """Return the challenger in shadow that this check compares with its champion; None without one.

    Rows that either was trained on, or that the gate has judged, do not count. If another champion serves than at the
    gate, the comparison begins again with it, on rows after the move.
    """
    found = pending.in_shadow(ledger, config.model)
    if found is None:
        return None
    version, result = found
    request = ledger.find_request(result.request_id)
    own = reference.loss if reference.loss_name == config.loss.name else None
    margin = config.promotion.margin * abs(own) if own is not None and isfinite(own) else 0.0
    most, length, delay = config.promotion.shadow, config.windows.current, config.columns.label_delay
    shadow = InShadow(version.number, champion.number, request.now, most, length, delay, margin)
    move = archive.newest_move(ledger, champion.model)
    start = request.window.end
    if champion.newest_row is None or (move is not None and move.now > request.now):
        start = max(start, move.now if move is not None else request.now)
    checks = ledger.checks(config.model, most=MOST_CHECKS)
    states = (check.shadow for check in checks if check.shadow is not None and check.now < now)
    same = (version.number, champion.number, request.now)
    before = next((one for one in states if (one.version, one.champion, one.since) == same), None)
    return Plan(
        shadow, version, request, start, before.windows if before else (), _reason_to_end(config, version, champion)
    )


def _reason_to_end(config: Project, version: Version, champion: Version) -> str | None:
    if not config.promotion.shadow:
        return "promotion.shadow is 0 now"
    if int(champion.number) > int(version.number):
        return f"version {champion.number}, which is newer, serves"
    return None


def watch(
    config: Project, known: Project, found: Plan | None, champion: Version, own: Reference, labelled: Window, rows: int
) -> Watch | str | None:
    """Return the comparison of the challenger with the champion, why it is impossible, or None without rows for it.

    `config` has the loss of the comparison, `known` is the config with which the rows were read, `rows` their number
    in the labeled window.
    """
    if found is None or found.ends is not None:
        return None
    theirs = readable(known, own, found.version)
    if not isinstance(theirs, Reference):
        return theirs
    start = max(
        labelled.start, found.start, *(one.newest_learned for one in (champion, found.version) if one.newest_learned)
    )
    if start >= labelled.end:
        return None
    losses = (one.loss for one in (own, theirs) if one.loss_name == config.loss.name)
    return Watch(
        versions=((found.version, theirs),),
        champion=champion,
        window=Window(start=start, end=labelled.end),
        newest=found.version.number,
        stride=max(1, -(-rows // MOST_ROWS)),
        previous=found.version.number,
        scale=scale_of(*losses),
        margin=found.shadow.margin,
        loss=config.loss,
    )


def state(
    found: Plan | None, watched: Watch | str | None, scores: ArchiveScores | None, now: datetime
) -> Shadow | None:
    """Return the state of the challenger after this check; None without one. `scores` are those of `watched`."""
    if found is None:
        return None
    if found.ends is not None:
        return end(found.shadow, found.windows, found.ends)
    return judge(found.shadow, found.windows, _window(found, watched, scores), now)


def _window(found: Plan, watched: Watch | str | None, scores: ArchiveScores | None) -> ShadowWindow | Missing:
    problem = watched if isinstance(watched, str) else None
    pair = paired(found.version.number, found.start, watched=watched is not None, scores=scores, problem=problem)
    if isinstance(pair, Missing):
        return pair
    theirs = pair.theirs
    return ShadowWindow(
        **pair.measured,
        challenger_loss=theirs.loss,
        better=theirs.bets,
        within=theirs.within,
        worse=theirs.worse,
        margin=found.shadow.margin,
    )
