"""A cached result has a name that follows its types and the versions of what computed it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, make_dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import create_model

from driftloop.monitoring.records import Record
from driftloop.pipelines.runtime.fingerprint import COMPUTING, fingerprint, fits, shape

# Needed at run time, and none of them decides a number of a check or of a backtest.
CARRYING = {
    *("apprise", "apscheduler", "click", "fastapi", "filelock", "fsspec", "jinja2", "markupsafe", "matplotlib"),
    *("mlflow", "orjson", "packaging", "uvicorn"),
    *(
        "prefect",
        "prometheus-client",
        "pydantic",
        "python-dateutil",
        "pyyaml",
        "rich",
        "sqlalchemy",
        "tzdata",
        "watchfiles",
    ),
}

Upgrade = Callable[[str, str], None]


class Inner(Record):
    """A record within a record."""

    number: float
    kind: Literal["a", "b"] = "a"


@dataclass(frozen=True)
class Outer:
    """A result as tasks return it."""

    inner: tuple[Inner, ...]
    counts: NDArray[np.int64]
    names: dict[str, int | None]


def value() -> Outer:
    return Outer((Inner(number=1.0),), np.zeros(2, dtype=np.int64), {"x": 1, "y": None})


@pytest.mark.parametrize("library", ["driftloop", *COMPUTING])
def test_an_upgrade_gives_another_fingerprint(library: str, upgrade: Upgrade) -> None:
    """Another version of driftloop, or of any library that computes, is another name for the same result."""
    before = fingerprint(Outer)
    assert fingerprint(Outer) == before
    upgrade(library, "999.1")
    assert fingerprint(Outer) != before


def test_the_package_of_an_estimator_counts(upgrade: Upgrade) -> None:
    """A model of a package that driftloop does not require follows that package's version."""
    before = fingerprint(Outer, "some_boosting.sklearn:Regressor")
    upgrade("some_boosting", "1.0")
    first = fingerprint(Outer, "some_boosting.sklearn:Regressor")
    assert len({before, first, fingerprint(Outer, "xgboost"), fingerprint(Outer, "other:Regressor")}) == 4


def test_every_requirement_is_known_to_compute_or_to_carry() -> None:
    """A new requirement fails here until someone has decided whether results depend on its version."""
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
    names = {re.split(r"[^\w-]", requirement)[0].lower() for requirement in project["dependencies"]}
    assert names == CARRYING | set(COMPUTING)
    assert not CARRYING & set(COMPUTING)


def test_a_change_deep_within_a_type_gives_another_shape() -> None:
    """A field that is added, removed, renamed, or of another type, at any depth, is another shape."""
    fields: dict[str, Any] = {"number": (float, ...), "kind": (Literal["a", "b"], "a")}
    changed: list[dict[str, Any]] = [
        fields,
        fields | {"more": (int, 0)},
        {"number": fields["number"]},
        {"value": fields["number"], "kind": fields["kind"]},
        fields | {"number": (int, ...)},
        fields | {"number": (float | None, None)},
        fields | {"kind": (Literal["a", "b", "c"], "a")},
    ]
    models = [create_model("Inner", __base__=Record, **more) for more in changed]
    kinds = [make_dataclass("Outer", [("inner", dict[str, tuple[model, ...]])]) for model in models]  # type: ignore[valid-type]
    assert len({shape(kind) for kind in kinds}) == len(changed)
    again = create_model("Inner", __base__=Record, **fields)
    assert shape(again) == shape(models[0])


def test_a_whole_result_fits() -> None:
    """What a task returns fits its own type, numbers of numpy included."""
    assert fits(value(), Outer)
    assert fits({"x": np.int64(1), "y": np.float64(2)}, dict[str, float])
    assert fits((np.int64(1),), tuple[int])


@pytest.mark.parametrize(
    "damage", [(), ("inner", (1,)), ("inner", [Inner(number=1.0)]), ("counts", "text"), ("names", {"x": "1"})]
)
def test_a_result_that_lacks_something_does_not_fit(damage: tuple[Any, ...]) -> None:
    """A record without a field, as an older version stored it, and a value of another type are found out."""
    other = value()
    if damage:
        vars(other).update([damage])
    else:
        del vars(other.inner[0])["kind"]
    assert not fits(other, Outer)
    assert not fits((other, 1), tuple[Outer, int])
    assert not fits((value(),), tuple[Outer, int])
