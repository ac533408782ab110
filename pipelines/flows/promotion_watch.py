"""Watch over the newest promotion in a check: whether there is one, its state after this check, its reason to wait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from driftloop.monitoring.ledger import Event, Kind, Ledger
from driftloop.monitoring.records import ArchiveScores, History, PromotionWatch, Vote, WatchedWindow
from driftloop.monitoring.sequential.counting import Missing, paired
from driftloop.monitoring.sequential.watch import OVER, Promoted, end_early, judge, pause, veto
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.registry import PREVIOUS, Version, archive, pending

if TYPE_CHECKING:
    from driftloop.pipelines.flows.paired_losses import Watch
    from driftloop.pipelines.requests.check_run import CheckRun

# Past checks that are looked through for the newest state of the watch.
MOST_CHECKS = 64


@dataclass(frozen=True)
class Plan:
    """A watched promotion: the previous champion to score, on rows from `start` on, and the state so far."""

    promoted: Promoted
    previous: Version
    start: datetime
    before: PromotionWatch | None = None


def plan(config: Project, ledger: Ledger, champion: Version, now: datetime) -> Plan | None:
    """Return the watch that this check continues; None if no promotion is watched.

    Only promotions by the gate are watched, approved ones too: neither the first champion, nor a choice of a user
    (rollback, adoption, an alias set in MLflow), nor a former champion that serves again.
    """
    move = archive.newest_move(ledger, champion.model) if config.promotion.watch and config.trains else None
    if move is None or not _by_gate(ledger, champion, move) or champion.newest_row is None:
        return None
    request = ledger.find_request(str(move.payload["request_id"]))
    previous = registry.aliased(champion.model, PREVIOUS)
    if request.champion is None or previous is None or previous.model_id == champion.model_id:
        return None
    checks = ledger.checks(champion.model, most=MOST_CHECKS)
    states = (check.watch for check in checks if check.watch is not None and check.now < now)
    before = next((state for state in states if state.version == champion.number and state.since == move.now), None)
    if before is not None and before.state in OVER:
        return None
    promoted = Promoted(champion.number, previous.number, move.now, config.promotion.watch, config.windows.current)
    # The gate has judged on rows up to the end of the request's window, a shadow on later ones. Rows that an adopted
    # model learned from may be unknown: they are older than the promotion.
    judged = request.check.shadow.windows if request.check is not None and request.check.shadow is not None else ()
    ends = (request.window.end, *(one.window.end for one in judged))
    start = max(ends) if previous.newest_row is not None else move.now
    return Plan(promoted, previous, start, before)


def _by_gate(ledger: Ledger, champion: Version, move: Event) -> bool:
    if move.kind != Kind.PROMOTED or str(move.payload["version"]) != champion.number:
        return False
    request_id = move.payload.get("request_id")
    if request_id is None:
        return False
    request = ledger.find_request(str(request_id))
    return request.adopt is None and request.follows is None and request.switch is None


def state(
    found: Plan | None, ledger: Ledger, watched: Watch | None, scores: ArchiveScores | None, problems: Mapping[str, str]
) -> PromotionWatch | None:
    """Return the state of the watch after this check; None if no promotion is watched.

    `scores` are those of the versions in `watched`; `problems` are why versions cannot be compared, by number.
    """
    if found is None:
        return None
    before = found.before.windows if found.before is not None else ()
    result = judge(found.promoted, before, _window(found, watched, scores, problems))
    if archive.refused(ledger, found.previous):
        return end_early(result, f"version {found.previous.number} was declined or rolled back from, and stays out")
    return result


def _window(
    found: Plan, watched: Watch | None, scores: ArchiveScores | None, problems: Mapping[str, str]
) -> WatchedWindow | Missing:
    number = found.previous.number
    problem = problems.get(number)
    pair = paired(number, found.start, watched=watched is not None, scores=scores, problem=problem)
    if isinstance(pair, Missing):
        return pair
    return WatchedWindow(**pair.measured, previous_loss=pair.theirs.loss, bets=pair.theirs.bets)


def vetoes(run: CheckRun, watch: PromotionWatch | None, history: History) -> tuple[Vote, ...]:
    """Return the vetoes against a retrain: this check takes a promotion back, or an earlier one did not long ago."""
    return veto(watch) + pause(history, run.now, run.window.length, run.config.promotion.watch)


def reason_to_wait(run: CheckRun) -> str | None:
    """Return why the previous champion must not serve again yet; None if it may."""
    waits = pending.waiting(run.ledger, run.config.model)
    if waits is not None:
        return f"not taken back while version {waits[0].number} waits for approval (`driftloop promote`)"
    return None
