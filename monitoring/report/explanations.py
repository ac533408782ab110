"""Explanations of findings, outcomes and codes of retrains, as the documentation has them.

`explanations.json` is written by `python -m docs.generate`, so that a report explains a code without a link to follow.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Literal

Kind = Literal["findings", "outcomes", "retrains"]
FILE = Path(__file__).with_name("explanations.json")


def explained(kind: Kind, code: str) -> dict[str, str] | None:
    """Return meaning, cause and remedy of a code; None for a code of another version of driftloop."""
    return _all()[kind].get(code)


@cache
def _all() -> dict[str, dict[str, dict[str, str]]]:
    content: dict[str, dict[str, dict[str, str]]] = json.loads(FILE.read_text("utf-8"))
    return content
