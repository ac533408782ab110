"""The demo's last table compares what each policy would have cost on its rows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from driftloop.pipelines.config.project import Project, load
from driftloop.pipelines.operations.demo_policies import ARCHIVE, RULES, compared
from tests import streams
from tests.streams import day

SMALL = {"preflight__min_rows": 10, "training__min_rows": 40, "training__params": {"n_estimators": 8, "max_depth": 3}}
CARA = {"policies__triggers": [{"policy": "cara"}], "policies__guards": []}


def project(folder: Path, days: int) -> Project:
    return load(streams.write(folder, streams.stream(days=days, a_day=24, gradual=0.1), **SMALL, **CARA))


def test_every_policy_is_compared_on_the_same_weeks(tmp_path: Path) -> None:
    """The best schedule comes first, then the rules by cost, the demo's own marked; `always` retrains each week."""
    trained: list[int] = []
    table = compared(
        project(tmp_path, 140), day(140), tmp_path / "rows.parquet", every=2, on_done=lambda: trained.append(1)
    ).splitlines()
    heading = re.fullmatch(r"what each policy would have cost in (\d+) weeks, replayed on every second row;", table[0])
    assert heading
    assert re.fullmatch(r"a retrain costs \d+\.\d\d, 0.2 of the loss of a fresh model in one week:", table[1])
    weeks = int(heading[1])
    assert len(trained) == weeks + 1
    rows = [re.fullmatch(r"(.*?) +(\d+\.\d\d) +(\d+) +(\d+\.\d\d)(  <- this demo)?", line) for line in table[3:]]
    found = {row[1]: (float(row[2]), int(row[3]), float(row[4]), bool(row[5])) for row in rows if row}
    assert set(found) == {*RULES, "cara" + ARCHIVE, "always", "never", "the best in hindsight"}
    assert [name for name, (*_, ours) in found.items() if ours] == ["cara" + ARCHIVE]
    costs = [cost for _, _, cost, _ in found.values()]
    assert costs == sorted(costs)
    assert (found["never"][1], found["always"][1]) == (0, weeks - 1)
    assert found["never"][0] == found["never"][2]
    assert found["schedule: every month"][1] in {3, 4}


@pytest.mark.parametrize("days", [14, 50])
def test_too_few_weeks_are_not_compared(tmp_path: Path, days: int) -> None:
    """Nothing is trained, and the sentence states how much history there is."""

    def train() -> None:
        raise AssertionError("training has begun")

    text = compared(project(tmp_path, days), day(days), tmp_path / "rows.parquet", every=2, on_done=train)
    assert re.match(r"policies are not compared: .* make \d batches of 7d", text)
