"""What a model's page needs, from the ledger and from the registry. Nothing is rendered here."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from driftloop.monitoring.ledger import Event, Kind, Ledger
from driftloop.monitoring.records import Check, Retrain, Window, utc
from driftloop.pipelines.runtime import home
from driftloop.pipelines.site.history import Lineage, Mark, MarkKind, ModelHistory, Request
from driftloop.pipelines.site.versions import compared_numbers

if TYPE_CHECKING:
    from driftloop.pipelines.registry import Version

# So many checks are drawn and listed; a page stays below half a megabyte.
MOST_CHECKS = 1000
MOST_COMPARISONS = 5
COMPARED = re.compile(r"(windows(_[0-9]{8}T[0-9]{4}){4}|versions(_[0-9]+){2})\.html")
ENDED = frozenset({"promoted", "rejected", "rolled_back", "recalibrated"})
MOVES: dict[str, MarkKind] = {Kind.ROLLED_BACK: "rolled_back", Kind.HEALED: "healed", Kind.CHAMPION_SET: "moved"}


def read(ledger: Ledger, model: str, written: datetime, page: Path) -> ModelHistory:
    """The newest checks of a model, its retrains and its versions. `page` is where links to reports start."""
    from driftloop.pipelines import registry

    newest, known = ledger.checks(model, most=MOST_CHECKS + 1), registry.versions(model)
    checks = tuple(reversed(newest[:MOST_CHECKS]))
    found = ModelHistory(
        model=model,
        written=written,
        checks=checks,
        older=_older(ledger, model) if len(newest) > MOST_CHECKS else 0,
        requests=_requests(ledger, model, checks),
        versions=_versions(model, known),
        moves=_moves(ledger, model),
        links=_links(checks, page),
        backtest=_backtest(model, page),
        comparisons=_comparisons(model, page),
    )
    compared = compared_numbers(found)
    if len(compared) < 2:
        return found
    trained = {one.number: one for one in known if one.number in compared}
    versions = (_with_training(one, trained[one.number]) if one.number in trained else one for one in found.versions)
    return replace(found, versions=tuple(versions))


def _with_training(known: Lineage, version: Version) -> Lineage:
    """Add what a version was trained with; as it is, where its files or its run are missing."""
    from driftloop.pipelines import registry

    try:
        reference = registry.reference(version)
        settings = registry.settings(version)
    except Exception:
        return known
    features = tuple(column.name for column in reference.of_role("feature"))
    return replace(known, features=features, settings=settings, importance=reference.importance)


def _older(ledger: Ledger, model: str) -> int:
    return len(ledger.events(model, kinds=[Kind.CHECK_FINISHED])) - MOST_CHECKS


def _requests(ledger: Ledger, model: str, checks: Iterable[Check]) -> tuple[Request, ...]:
    asked_by = {check.retrain.request_id: check.check_id for check in checks if check.retrain}
    rows = ledger.requests(model, most=MOST_CHECKS)
    shadows = _shadows(ledger, model, {row["request_id"]: utc(datetime.fromisoformat(row["now"])) for row in rows})
    return tuple(
        Request(
            request_id=row["request_id"],
            asked_at=utc(datetime.fromisoformat(row["now"])),
            state=row["state"],
            reason=row["reason"],
            champion=row["champion"],
            check_id=row["check_id"] or asked_by.get(row["request_id"]),
            retrain=Retrain.model_validate_json(row["body"]) if row["body"] else None,
            error=row["error"],
            shadow=shadows.get(row["request_id"]) if row["state"] in ENDED else None,
        )
        for row in rows
    )


def _shadows(ledger: Ledger, model: str, asked: Mapping[str, datetime]) -> dict[str, Window]:
    """Return when challengers were in shadow, by their request, which is asked again at the verdict of a check.

    A user's decision has no moment of a check: it is that of its record.
    """
    entered = ledger.events(model, most=MOST_CHECKS, kinds=(Kind.SHADOWING,))
    if not entered:
        return {}
    ends = ledger.events(model, most=MOST_CHECKS, kinds=(Kind.PROMOTED, Kind.REJECTED))
    decided = {str(event.payload.get("request_id") or event.subject): event.written_at for event in ends}
    found = {}
    for event in entered:
        request = str(event.payload.get("request_id") or event.subject)
        left = asked.get(request)
        end = left if left is not None and left > event.now else decided.get(request)
        if end is not None and end > event.now:
            found[request] = Window(start=event.now, end=end)
    return found


def _versions(model: str, known: Sequence[Version]) -> tuple[Lineage, ...]:
    from driftloop.pipelines import registry

    named = {}
    for alias in (registry.SHADOW, registry.CHALLENGER, registry.PREVIOUS, registry.CHAMPION) if known else ():
        found = registry.aliased(model, alias)
        if found is not None:
            named[found.number] = alias
    return tuple(
        Lineage(
            number=version.number,
            alias=named.get(version.number),
            trained_on=version.trained_on,
            request_id=version.tags.get("driftloop.request_id"),
            loss=version.tags.get("driftloop.loss"),
            gate_reason=version.tags.get("driftloop.gate_reason"),
            refit=version.tags.get("driftloop.refit") == "true",
            rows=int(version.tags.get("driftloop.learned_rows", 0)),
        )
        for version in known
    )


def _moves(ledger: Ledger, model: str) -> tuple[Mark, ...]:
    noted = ledger.events(model, kinds=list(MOVES), most=MOST_CHECKS)
    return tuple(_mark(event) for event in noted)


def _mark(event: Event) -> Mark:
    version, left = (str(event.payload[key]) if event.payload.get(key) else None for key in ("version", "left"))
    return Mark(event.now, MOVES[event.kind], _reason(event), version, left)


def _reason(event: Event) -> str:
    return str(event.payload.get("reason") or f"{event.kind.replace('_', ' ')} to version {event.subject}")


def _links(checks: Iterable[Check], page: Path) -> dict[str, str]:
    """Relative to the page, so that the state folder can be moved; only to reports in it that are still there."""
    inside = home.home() / "reports"
    found = {}
    for check in checks:
        report = Path(check.report) if check.report else None
        if report is not None and report.is_relative_to(inside) and report.is_file():
            found[check.check_id] = quote(os.path.relpath(report, page.parent))
    return found


def _backtest(model: str, page: Path) -> str | None:
    """The page of the newest backtest: their names sort by the end of what they replayed."""
    found = max(home.reports(model).glob("backtest_*.html"), default=None)
    return quote(os.path.relpath(found, page.parent)) if found else None


def _comparisons(model: str, page: Path) -> dict[str, str]:
    """The newest pages of comparisons, by the ends of both windows or by both versions."""
    found = (file for file in home.reports(model).glob("*.html") if COMPARED.fullmatch(file.name))
    newest = sorted(found, key=lambda file: file.stat().st_mtime, reverse=True)[:MOST_COMPARISONS]
    return {_compared(file.stem): quote(os.path.relpath(file, page.parent)) for file in newest}


def _compared(stem: str) -> str:
    """Return the title of the page of a comparison.

    >>> _compared("versions_3_7"), _compared("windows_20260309T0000_20260316T0000_20260406T0000_20260413T0000")
    ('Versions 3 and 7', 'Windows to 2026-03-16 and 2026-04-13')
    """
    kind, *parts = stem.split("_")
    if kind == "windows":
        parts = [f"{part[:4]}-{part[4:6]}-{part[6:8]}" for part in parts[1::2]]
    return f"{'Windows to' if kind == 'windows' else 'Versions'} {' and '.join(parts)}"
