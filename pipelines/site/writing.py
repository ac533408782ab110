"""Writes the site into the state folder: after a check its model's page and the index, on request all of it."""

from __future__ import annotations

import re
from contextlib import closing, nullcontext
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from driftloop.monitoring.ledger import Ledger, digest
from driftloop.monitoring.records import changed as changed_record
from driftloop.pipelines.runtime import home, pages, phases
from driftloop.pipelines.site import index_page, model_page
from driftloop.pipelines.site.index_page import ModelLine, line_of
from driftloop.pipelines.site.reading import read

if TYPE_CHECKING:
    from driftloop.pipelines.registry import Version


UPDATED = re.compile(r"Updated after every check; last: [^<]*")


def folder() -> Path:
    """Return the folder of the site."""
    return home.home() / "site"


def index() -> Path:
    """The page to open."""
    return folder() / "index.html"


def rewrite(model: str, ledger: Ledger | None = None) -> str | None:
    """Rewrite the page of one model, and the index from the lines of all.

    It does not raise, so that a check, a retrain or a rollback cannot fail by it: returns the error, or None.
    """
    phases.enter("writing the site")
    try:
        with nullcontext(ledger) if ledger else closing(Ledger(home.ledger_url())) as open_:
            _write_model(open_, model, datetime.now(UTC))
        _write_index()
    except Exception as error:
        return f"the site could not be written: {type(error).__name__}: {error}"
    return None


def write_all() -> tuple[list[Path], int]:
    """Rewrite the pages that have changed, and remove those of models without entries in the ledger.

    Return the pages of all models, and how many were written.
    """
    from driftloop.pipelines import registry

    with closing(Ledger(home.ledger_url())) as ledger:
        models = ledger.models()
        newest, champions = ledger.newest_events(models), registry.champions(models)
        changed = [
            model
            for model in models
            if not page_of(model).exists()
            or (line := _line(page_of(model).with_suffix(".json"))) is None
            or line.state != _state(model, newest.get(model), champions.get(model))
        ]
        for model in changed:
            _write_model(ledger, model, datetime.now(UTC))
    for stale in (folder() / "models").glob("*.*"):
        if stale.stem not in models and stale.suffix in {".html", ".json"}:
            stale.unlink(missing_ok=True)
    _write_index()
    return [page_of(model) for model in models], len(changed)


def page_of(model: str) -> Path:
    """Return the page of a model."""
    return folder() / "models" / f"{model}.html"


def _write_model(ledger: Ledger, model: str, now: datetime) -> None:
    from driftloop.pipelines import registry

    page = page_of(model)
    # Before the page is read: what is written meanwhile makes it out of date.
    state = _state(model, ledger.newest_events([model]).get(model), registry.aliased(model, registry.CHAMPION))
    history = read(ledger, model, now, page)
    pages.write(page, model_page.render(history))
    line = changed_record(line_of(history), state=state)
    pages.write(page.with_suffix(".json"), line.model_dump_json())


def _state(model: str, newest_event: int | None, champion: Version | None) -> str:
    """Return a digest of what a page depends on: events, the champion, the reports there are, and driftloop itself."""
    reports = home.reports(model)
    touched = reports.stat().st_mtime_ns if reports.is_dir() else 0
    return digest(version("driftloop"), newest_event, champion.number if champion else None, touched)


def _write_index() -> None:
    """The index from the lines that the models' pages left; a line that cannot be read waits for its next check."""
    folder().mkdir(parents=True, exist_ok=True)
    with FileLock(str(folder() / ".lock")):
        lines = [line for file in (folder() / "models").glob("*.json") if (line := _line(file)) is not None]
        page, before = index_page.render(lines, datetime.now(UTC)), index()
        # The time at its foot is no change.
        if not before.is_file() or UPDATED.sub("", before.read_text("utf-8")) != UPDATED.sub("", page):
            pages.write(before, page)


def _line(file: Path) -> ModelLine | None:
    try:
        return ModelLine.model_validate_json(file.read_text("utf-8"))
    except (OSError, ValueError):
        return None
