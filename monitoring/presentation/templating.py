"""Environment of the HTML templates (`*.html.j2`). It escapes every value, and a missing value is an error."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from driftloop.monitoring.presentation.markup import OUTCOMES, POLICY, TONES, number, tone_of
from driftloop.monitoring.records import DASH

HALF = Path(__file__).resolve().parents[1]


def environment(*folders: Path) -> Environment:
    """Return the environment of the templates of this half and of more folders.

    A template's name is its path in its folder, such as `report/verdict.html.j2`. A style sheet (`*.css`) of such a
    folder is included under its name as well. Only a value of type `markupsafe.Markup` is inserted as it is.
    """
    made = Environment(
        loader=FileSystemLoader([*folders, HALF]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters["number"] = number
    made.tests["finite"] = math.isfinite
    made.globals.update(content_policy=POLICY, dash=DASH, outcomes=OUTCOMES, tones=TONES, tone_of=tone_of)
    return made


TEMPLATES = environment()


def render(template: str, **values: Any) -> str:
    """Render a template of this half. Raises jinja2.UndefinedError for a value that is missing."""
    return TEMPLATES.get_template(template).render(values)
