"""Templates of the pages of this half. Each room keeps its own: `site/`, `backtest/`, `operations/`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from driftloop.monitoring.presentation.templating import environment

TEMPLATES = environment(Path(__file__).resolve().parents[1])


def render(template: str, **values: Any) -> str:
    """Render a template such as `site/model.html.j2`. Raises jinja2.UndefinedError for a value that is missing."""
    return TEMPLATES.get_template(template).render(values)
