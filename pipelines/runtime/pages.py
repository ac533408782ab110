"""Templates of the pages of this half. Each room keeps its own: `site/`, `backtest/`, `operations/`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from driftloop.monitoring.presentation.templating import environment

TEMPLATES = environment(Path(__file__).resolve().parents[1])


def render(template: str, **values: Any) -> str:
    """Render a template such as `site/model.html.j2`. Raises jinja2.UndefinedError for a value that is missing."""
    return TEMPLATES.get_template(template).render(values)


def write(file: Path, content: str) -> None:
    """Write a file whole or not at all: a reader may have it open. Creates its folder."""
    file.parent.mkdir(parents=True, exist_ok=True)
    scratch = file.with_name(f".{file.name}.{os.getpid()}")
    scratch.write_text(content, "utf-8")
    scratch.replace(file)
