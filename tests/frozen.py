"""Comparison of checks with frozen ones, field by field."""

from __future__ import annotations

import math
from typing import Any

# Losses follow the trees, which differ a little between processors.
RELATIVE = 1e-3


def differences(found: Any, frozen: Any, path: str = "") -> list[str]:
    """Where two values of JSON differ, by path; numbers may differ by a thousandth."""
    if isinstance(frozen, dict) and isinstance(found, dict):
        keys = sorted({*frozen, *found})
        return [text for key in keys for text in differences(found.get(key), frozen.get(key), f"{path}.{key}")]
    if isinstance(frozen, list) and isinstance(found, list) and len(frozen) == len(found):
        pairs = enumerate(zip(found, frozen, strict=True))
        return [text for at, (one, other) in pairs for text in differences(one, other, f"{path}[{at}]")]
    if isinstance(frozen, float) and isinstance(found, int | float):
        same = math.isclose(found, frozen, rel_tol=RELATIVE, abs_tol=1e-9)
    else:
        same = found == frozen
    return [] if same else [f"{path}: {found!r}, frozen {frozen!r}"]
