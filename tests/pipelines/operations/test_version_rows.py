"""Versions that can be compared, found without a training; real rows are in the test of the comparison."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from driftloop.monitoring.errors import NothingToCompare
from driftloop.monitoring.records import ColumnReference, Reference, Window
from driftloop.pipelines.config.project import load
from driftloop.pipelines.operations.version_rows import find_versions, unlike
from tests.streams import day, write


def reference(target: str = "y", **kinds: Any) -> Reference:
    columns = [
        ColumnReference(name=name, role="feature", kind=kind, null_share=0, distinct=9, method="ks")
        for name, kind in kinds.items()
    ]
    columns.append(ColumnReference(name=target, role="target", kind="numeric", null_share=0, distinct=9, method="ks"))
    window = Window(start=day(0), end=day(7))
    return Reference(
        window=window, rows=9, columns=tuple(columns), source_types={}, loss_name="mae", loss=1.0, loss_rows=9
    )


@pytest.mark.parametrize(
    ("known", "problem"),
    [
        (reference(amount="numeric", gone="categorical"), None),
        (reference(target="z"), "it predicts 'z' (numeric), the config's target is 'y' (numeric)"),
        (reference(amount="categorical"), "it reads 'amount' as categorical, which the config has as another kind"),
    ],
)
def test_a_version_reads_the_target_and_kinds_of_the_config(
    tmp_path: Path, known: Reference, problem: str | None
) -> None:
    """A feature that the config no longer has is looked for in the source."""
    write(tmp_path, None, model="unlike")
    assert unlike(load(tmp_path / "model.yaml"), known) == problem


@pytest.mark.usefixtures("_home")
def test_a_model_without_versions_is_refused(tmp_path: Path) -> None:
    """With the command that trains them; a model that was never checked has none."""
    write(tmp_path, None, model="never-trained")
    with pytest.raises(NothingToCompare, match="none so far") as refused:
        find_versions(load(tmp_path / "model.yaml"), ["1", "champion"])
    assert "driftloop check" in str(refused.value)
