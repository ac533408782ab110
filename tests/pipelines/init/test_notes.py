"""What `init` states of its guess: how often the classes are, what may be codes, in which zone times are read."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.pipelines.config.project import load
from driftloop.pipelines.init import Proposal, propose
from driftloop.pipelines.init.notes import balance, counting
from tests.streams import stream


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def init(frame: pd.DataFrame) -> Proposal:
    frame.to_csv("rows.csv", index=False)
    known: dict[str, Any] = dict.fromkeys(("table", "model", "time", "output"))
    return propose("rows.csv", target="y", force=True, **known)


def starting(made: Proposal, start: str) -> list[str]:
    return [note for note in made.notes if note.startswith(start)]


@pytest.mark.parametrize(
    ("classes", "sentence"),
    [
        ((1, 0), "2.9% positives ('1'): 292 of 10,000 labeled rows"),
        ((1.0, 0.0), "2.9% positives ('1.0'): 292 of 10,000 labeled rows"),
        (("yes", "no"), "2.9% positives ('yes'): 292 of 10,000 labeled rows"),
        (("churned", "stayed"), "2.9% 'churned': 292 of 10,000 labeled rows"),
    ],
    ids=str,
)
def test_the_balance_of_classes_is_counted_in_all_rows(classes: tuple[Any, Any], sentence: str) -> None:
    """Of a long file every row counts, and only those with a label."""
    rows = stream(40, 300)
    labels = pd.Series(np.where(np.arange(len(rows)) < 292, *classes), dtype=object)
    labels = labels.sample(frac=1, random_state=0).reset_index(drop=True)
    rare = labels == classes[0]
    labels[(~rare & (np.cumsum(~rare) > 9708)).to_numpy()] = None
    assert starting(init(rows.assign(y=labels)), "classes: ") == [f"classes: {sentence}"]


def test_a_number_has_no_classes() -> None:
    """A regression proves nothing of classes."""
    assert not starting(init(stream(40)), "classes")


def test_frames_pass_unchanged_while_their_classes_are_counted() -> None:
    """What is counted on the way is the same rows that come out; missing labels are no class."""
    frames = [pd.DataFrame({"y": ["a", None, "b"]}), pd.DataFrame({"y": ["a"]})]
    classes: Counter[str] = Counter()
    assert list(counting(frames, "y", classes)) == frames
    assert classes == {"a": 2, "b": 1}
    assert balance(Counter({"a": 3})) == ""


def test_likely_codes_are_named_with_the_line_that_makes_categories() -> None:
    """The note and the file have the same line; used as it is written, the config loads and reads categories."""
    rows = stream(60).assign(region=np.random.default_rng(0).integers(1, 9, 7200))
    made = init(rows)
    line = "categorical: [city, kind, region]"
    (note,) = starting(made, "codes: ")
    assert note.startswith("codes: 'region' (8 values) may be codes, not amounts")
    assert note.endswith(line)
    text = made.file.read_text()
    assert f"  # {line}" in text
    text = text.replace("  categorical: [city, kind]\n", "").replace(f"# {line}", line)
    made.file.write_text(text.replace("numeric: [amount, speed, region]", "numeric: [amount, speed]"))
    assert load(made.file).columns.categorical == ("city", "kind", "region")


@pytest.mark.parametrize(
    ("form", "naive"),
    [
        ("%Y-%m-%d %H:%M:%S", True),
        ("%Y-%m-%d", True),
        ("%d.%m.%Y %H:%M", True),
        ("%Y-%m-%dT%H:%M:%SZ", False),
        ("%Y-%m-%d %H:%M:%S+02:00", False),
        ("%d.%m.%Y %H:%M +0200", False),
        ("%s", False),
    ],
)
def test_times_without_an_offset_are_named(form: str, naive: bool) -> None:
    """They are read as UTC, and the note and the file name the key that reads them as local times."""
    rows = stream(60)
    moments = rows["ts"].dt.tz_convert("UTC").dt.tz_localize(None)
    written = (moments - pd.Timestamp(0)) // pd.Timedelta("1s") if form == "%s" else moments.dt.strftime(form)
    made = init(rows.assign(ts=written))
    result = [note for note in made.notes if "has no offset and is read as UTC" in note]
    assert len(result) == naive
    assert all("columns.time_zone" in note for note in result)
    text = made.file.read_text()
    assert ("# time_zone: Europe/Berlin" in text) == naive
    if naive:
        made.file.write_text(text.replace("# time_zone", "time_zone"))
        assert load(made.file).columns.time_zone == "Europe/Berlin"


def test_the_need_for_labels_is_explained_where_they_are_late() -> None:
    """The comment names the default trigger, the delay, and what needs no labels; without a delay it is not there."""
    rows = stream(80)
    assert "labeled rows: it sees" not in init(rows).file.read_text()
    rows.loc[rows["ts"] >= rows["ts"].max() - pd.Timedelta(days=20), "y"] = np.nan
    made = init(rows)
    assert load(made.file).columns.label_delay == timedelta(days=21)
    text = " ".join(made.file.read_text().split())
    assert "recoverable_loss compares losses of labeled rows: it sees a change about 21d after it began" in text
    assert "drift_share and estimated_loss need no labels" in text


def test_rows_without_a_time_are_counted() -> None:
    """Rows that no check will ever read are named before the first one."""
    rows = stream(60)
    rows.loc[rows.index % 1000 == 0, "ts"] = pd.NaT
    assert starting(init(rows), "time: 8 rows") == ["time: 8 rows have no time that can be used; they are not read"]


def test_spellings_that_differ_in_case_or_spaces_are_reported(tmp_path: Path) -> None:
    """With the expression that makes one level of them, which the file takes; booleans in any case are one already."""
    rows = stream(40)
    spelled = np.array(["web", "WEB", "web ", "app"])[np.arange(len(rows)) % 4]
    flags = np.array(["true", "TRUE", "False", "false"])[np.arange(len(rows)) // 3 % 4]
    made = init(rows.assign(city=spelled, flag=flags))
    (note,) = starting(made, "spelling: ")
    assert "'city' ('WEB', 'web', 'web ')" in note
    assert "flag" not in note
    text = made.file.read_text("utf-8")
    (how,) = re.findall(r"  # (city: .*?)   # under derived", text)
    assert how == 'city: lower(trim("city"))'
    made.file.write_text(text.replace("  # derived: ", "  # no: ") + f"\n# {how}\n", "utf-8")
    assert load(made.file).columns.categorical


@pytest.mark.parametrize(("labels", "noted"), [([1, 2, 3, 4, 5], True), (["1a", "2", "3"], False), ([0, 1], False)])
def test_classes_that_are_whole_numbers_may_be_amounts(labels: list[Any], noted: bool) -> None:
    """Stars from 1 to 5 are proposed as classes, and the note names the other choice; two classes are no scale."""
    rows = stream(40)
    values = [labels[at % len(labels)] for at in range(len(rows))]
    assert bool(starting(init(rows.assign(y=values)), "task: ")) is noted
