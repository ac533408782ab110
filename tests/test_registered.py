"""What a file of a room defines is registered in that room, and has a row on the page where its users look for it."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest

from driftloop.monitoring import formats, losses, metrics
from driftloop.monitoring.drift import methods
from driftloop.monitoring.formats import FORMATS, FileFormat
from driftloop.monitoring.losses import LOSSES, Loss
from driftloop.monitoring.metrics import DEFAULTS, METRICS, Metric
from driftloop.monitoring.sources import engines
from driftloop.monitoring.sources.engines import ENGINES, GENERIC, Engine
from driftloop.pipelines.notify.notices import KINDS
from tests.every_policy import EXAMPLES

DOCS = Path(__file__).resolve().parents[1] / "docs"
# Room, base class, what is registered, and where.
ROOMS: dict[str, tuple[Any, type, set[type], str]] = {
    "losses": (losses, Loss, set(LOSSES.values()), "the union AnyLoss in monitoring/losses/__init__.py"),
    "metrics": (metrics, Metric, set(METRICS.values()), "the union Kinds in monitoring/metrics/__init__.py"),
    "formats": (formats, FileFormat, {type(one) for one in FORMATS}, "FORMATS in monitoring/formats/__init__.py"),
    "engines": (engines, Engine, {*ENGINES, GENERIC}, "ENGINES in monitoring/sources/engines/__init__.py"),
}


def defined(room: Any, base: type) -> set[type]:
    """The concrete classes of a room: those that no other class of it extends, the base and its shared bases aside."""
    found: set[type] = set()
    for module in iter_modules(room.__path__):
        if module.name == "base":
            continue
        file = import_module(f"{room.__name__}.{module.name}")
        own = [kind for _, kind in inspect.getmembers(file, inspect.isclass) if kind.__module__ == file.__name__]
        found |= {kind for kind in own if issubclass(kind, base) and not inspect.isabstract(kind)}
    extended = {parent for kind in found for parent in kind.__mro__[1:]}
    return found - extended


@pytest.mark.parametrize("name", ROOMS)
def test_every_file_of_a_room_is_registered(name: str) -> None:
    """A loss, metric, format or engine that is written and not registered would never be used, in silence."""
    room, base, registered, where = ROOMS[name]
    assert len(registered) >= 3
    assert {kind.__name__ for kind in defined(room, base) - registered} == set(), f"add it to {where}"


def rows_of(page: str) -> set[str]:
    """Words in backquotes in the first cells of a page's tables."""
    lines = (DOCS / page).read_text("utf-8").splitlines()
    cells = [line.split("|")[1] for line in lines if line.startswith("|")]
    return {word for cell in cells for quoted in re.findall(r"`([^`]+)`", cell) for word in re.findall(r"\w+", quoted)}


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("service.md", set(KINDS)),
        ("losses-and-metrics.md", set(LOSSES) - {"custom"}),
        ("policies.md", set(EXAMPLES)),
        ("how-it-decides.md", {name for name in methods.METHODS if ":" not in name}),
    ],
    ids=["notifications", "losses", "policies", "drift methods"],
)
def test_a_table_for_users_has_a_row_for_each(page: str, names: set[str]) -> None:
    """No command generates these tables; this names the missing rows."""
    assert len(names) > 5
    assert names - rows_of(page) == set(), f"add rows to docs/{page}"


def test_the_table_of_metrics_is_that_of_the_code() -> None:
    """The defaults of each task come first, in their order; every metric is in the row of each task that it fits."""
    lines = (DOCS / "losses-and-metrics.md").read_text("utf-8").splitlines()
    for task, names in DEFAULTS.items():
        (row,) = [line for line in lines if line.startswith(f"| {task} |")]
        listed = re.findall(r"`(\w+)`", row)
        assert listed[: len(names)] == list(names), task
        assert set(listed) == {name for name, kind in METRICS.items() if task in kind.tasks}, task


def test_each_kind_of_notification_is_made_somewhere() -> None:
    """A kind that nothing sends is a promise that is not kept."""
    source = inspect.getsource(import_module("driftloop.pipelines.notify.notices"))
    made = set(re.findall(r'_notice\(\s*"(\w+)"', source)) | set(re.findall(r'kind(?:, what)? = "(\w+)"', source))
    made |= set(re.findall(r'kind: Kind = "(\w+)"', source))
    assert set(KINDS) - made == set()
