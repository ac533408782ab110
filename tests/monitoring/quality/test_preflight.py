"""What is wrong with fresh rows is found, weighed and reported, before anything is computed on them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.config import Monitored
from driftloop.monitoring.quality.lateness import Lateness
from driftloop.monitoring.quality.preflight import excluded_columns, fatal, inspect, learnable
from driftloop.monitoring.quality.tally import tally
from driftloop.monitoring.quality.times import in_no_window
from driftloop.monitoring.records import Finding, Reference
from driftloop.monitoring.rows.canonical import conform
from driftloop.monitoring.sources import Strays
from tests.judged import TYPES, monitored, reference, rows
from tests.streams import day, stream

N = 700


def inspected(
    frame: pd.DataFrame, before: Reference, config: Monitored, *, labels_due: pd.Series[Any], **more: Any
) -> tuple[Finding, ...]:
    """What preflight states of a frame that came in three parts, one of them empty."""
    due, cuts = labels_due.to_numpy(dtype=bool), (slice(0, 100), slice(100, 100), slice(100, None))
    counted = [tally(frame.iloc[cut], before, config.columns.target, due[cut]) for cut in cuts]
    repeated = float(frame.duplicated().mean()) if len(frame) else 0.0
    return inspect(counted[0] + counted[1] + counted[2], before, config, repeated_share=repeated, **more)


def found(
    *,
    config: dict[str, Any] | None = None,
    trained: dict[str, Any] | None = None,
    types: dict[str, str] | None = None,
    due: Any = True,
    more: dict[str, Any] | None = None,
    **changed: Any,
) -> dict[str, Finding]:
    """The findings on a week like the reference's with some columns changed, by code; each code once.

    `trained` is how the config was when the champion was trained.
    """
    now, then = monitored(**(config or {})), monitored(**(config if trained is None else trained) or {})
    fresh = rows(now, seed=1, **changed)
    findings = inspected(
        fresh,
        reference(then),
        now,
        source_types=TYPES if types is None else types,
        labels_due=pd.Series(np.full(len(fresh), True) & due),
        **(more or {}),
    )
    by_code = {finding.code: finding for finding in findings}
    assert len(by_code) == len(findings)
    return by_code


def share(of: float, there: Any, otherwise: Any) -> list[Any]:
    """A column of which the first `of` are one thing and the rest another."""
    many = round(of * N)
    return [there] * many + list(np.broadcast_to(otherwise, N))[many:]


def names(prefix: str) -> np.ndarray:
    return np.array([f"{prefix}{n % 2}" for n in range(N)])


CITIES = np.array(["berlin", "paris", "rome"])[np.arange(N) % 3]


def test_rows_like_the_reference_raise_nothing() -> None:
    """No finding on good data."""
    assert found() == {}


@pytest.mark.parametrize(
    ("changed", "code", "severity", "column"),
    [
        ({"amount": share(0.04, None, 10.0)}, None, None, None),
        ({"amount": share(0.06, None, np.linspace(6, 14, N))}, "nulls", "warning", "amount"),
        ({"amount": share(0.31, None, np.linspace(6, 14, N))}, "nulls", "fatal", "amount"),
        ({"amount": np.nan}, "nulls", "fatal", "amount"),
        ({"city": share(0.31, None, CITIES)}, "nulls", "fatal", "city"),
        ({"city": share(0.04, "oslo", CITIES)}, None, None, None),
        ({"city": share(0.06, "oslo", CITIES)}, "unseen_categories", "warning", "city"),
        ({"city": np.char.upper(CITIES)}, "unseen_categories", "error", "city"),
        ({"amount": share(0.04, 1e9, np.linspace(6, 14, N))}, None, None, None),
        ({"amount": share(0.06, 1e9, np.linspace(6, 14, N))}, "out_of_range", "warning", "amount"),
        ({"speed": share(0.06, -1e308, np.linspace(-1, 1, N))}, "out_of_range", "warning", "speed"),
        ({"amount": 10.0}, "constant", "warning", "amount"),
        ({"city": "rome"}, "constant", "warning", "city"),
        ({"y": share(0.06, None, np.linspace(10, 30, N))}, "target_missing", "warning", "y"),
        ({"y": share(0.31, None, np.linspace(10, 30, N))}, "target_missing", "fatal", "y"),
        ({"y": np.nan}, "target_missing", "fatal", "y"),
        ({"y": share(0.06, 1e6, np.linspace(10, 30, N))}, "out_of_range", "warning", "y"),
        ({"y": 20.0}, "constant", "warning", "y"),
    ],
)
def test_every_fault_has_its_code_and_severity(
    changed: dict[str, Any], code: str | None, severity: str | None, column: str | None
) -> None:
    """One fault in one column gives one finding with its weight; below the limit it gives none."""
    findings = found(**changed)
    # A column that was filled with one value is constant as well; this is about the other faults.
    findings = {key: one for key, one in findings.items() if key == code or key != "constant"}
    if code is None:
        assert findings == {}
        return
    (finding,) = findings.values()
    assert (finding.code, finding.severity, finding.column) == (code, severity, column)
    assert str(column) in finding.message
    assert finding.observed is not None


def test_a_limit_of_the_config_is_the_limit() -> None:
    """What is warned of and what is fatal is decided by the config, and the limit is in the finding."""
    nulls: dict[str, Any] = {"amount": share(0.2, None, np.linspace(6, 14, N))}
    assert found(**nulls)["nulls"].severity == "warning"
    strict = found(config={"preflight__max_new_null_share": 0.1}, **nulls)["nulls"]
    assert (strict.severity, strict.limit, strict.observed) == ("fatal", 0.1, pytest.approx(0.2))
    assert found(config={"preflight__warn_new_null_share": 0.25}, **nulls) == {}


def test_nulls_count_above_those_of_the_reference() -> None:
    """A column that was half empty when the champion was trained may be half empty now."""
    config = monitored()
    half = share(0.5, None, np.linspace(6, 14, N))
    before, now = reference(config, rows(config, amount=half)), rows(config, seed=1, amount=half)
    due = pd.Series(np.full(N, True))
    assert inspected(now, before, config, source_types=TYPES, labels_due=due) == ()


@pytest.mark.parametrize(
    ("nulls", "code", "severity", "aside"),
    [(0.9, "nulls", "error", set()), (0.997, "nothing_to_judge", "warning", {"amount"})],
)
def test_a_nearly_empty_column_that_is_empty_now_stops_nothing(
    nulls: float, code: str, severity: str, aside: set[str]
) -> None:
    """It is an error where values were to be expected, and excluded where that there is none may be chance."""
    config = monitored()
    before = reference(config, rows(config, amount=share(nulls, None, np.linspace(6, 14, N))))
    now = rows(config, seed=1, amount=np.nan)
    (finding,) = inspected(now, before, config, source_types=TYPES, labels_due=pd.Series(np.full(N, True)))
    assert (finding.code, finding.severity) == (code, severity)
    assert excluded_columns((finding,)) == aside
    assert fatal((finding,)) == ()


def test_ids_that_are_all_new_cannot_be_compared() -> None:
    """A category that repeats is re-encoded when all of it is new; one that hardly does is new by nature."""
    config = monitored()
    ids = [f"id{at}" for at in range(N)]
    before = reference(config, rows(config, kind=ids))
    found = inspected(
        rows(config, seed=1, kind=[f"x{one}" for one in ids], city="Rome"),
        before,
        config,
        source_types=TYPES,
        labels_due=pd.Series(np.full(N, True)),
    )
    codes = {finding.column: (finding.code, finding.severity) for finding in found if finding.code != "constant"}
    assert codes == {"kind": ("all_different", "warning"), "city": ("unseen_categories", "error")}
    assert excluded_columns(found) == {"kind"}


def test_only_labels_that_are_due_can_be_missing() -> None:
    """A label that may still come is not missing; with none due yet this is reported, and nothing else."""
    early = np.arange(N) < 350
    missing: dict[str, Any] = {"y": np.where(early, np.linspace(10, 30, N), np.nan)}
    assert found(due=early, **missing) == {}
    assert found(**missing)["target_missing"].severity == "fatal"
    assert found(due=False, **missing)["no_labels_due"].severity == "info"


def test_a_handful_of_labels_never_blocks() -> None:
    """Half of six labels missing is chance: reported, not fatal."""
    few = np.arange(N) < 6
    missing: dict[str, Any] = {"y": np.where(np.arange(N) < 3, np.nan, np.linspace(10, 30, N))}
    assert found(due=few, **missing)["target_missing"].severity == "warning"


@pytest.mark.parametrize(
    ("task", "of", "severity"),
    [
        ("binary", 0.01, "warning"),
        ("binary", 0.06, "fatal"),
        ("binary", 1.0, "fatal"),
        ("multiclass", 0.01, None),
        ("multiclass", 0.06, "warning"),
        ("multiclass", 1.0, "fatal"),
    ],
)
def test_classes_that_the_champion_never_saw_are_weighed_by_the_task(
    task: str, of: float, severity: str | None
) -> None:
    """A third class breaks a binary target; a new one of many may be real; nothing but new ones is another target."""
    known = np.array(["no", "yes"] if task == "binary" else ["low", "middle", "high"])
    findings = found(config={"task": task}, y=share(of, "new", known[np.arange(N) % len(known)]))
    findings.pop("constant", None)
    assert {code: one.severity for code, one in findings.items()} == ({"unseen_labels": severity} if severity else {})


def test_a_category_of_too_many_levels_is_not_silently_unchecked() -> None:
    """Where not all levels are remembered, unseen ones cannot be counted, and that is reported."""
    config = monitored()
    many = pd.concat([rows(config, seed, city=[f"{seed}-{n}" for n in range(N)]) for seed in (0, 1)])
    findings = inspected(
        rows(config, seed=1, city="oslo"),
        reference(config, many),
        config,
        source_types=TYPES,
        labels_due=pd.Series(np.full(N, True)),
    )
    assert [(one.code, one.severity) for one in findings] == [("many_categories", "info"), ("constant", "warning")]


@pytest.mark.parametrize(
    ("types", "code", "severity"),
    [
        ({**TYPES, "spare": "string"}, "extra_column", "info"),
        ({**TYPES, "amount": "string"}, "source_type_changed", "warning"),
    ],
)
def test_a_schema_that_changed_is_reported(types: dict[str, str], code: str, severity: str) -> None:
    """New columns are worth a note, another type a warning; neither stops a check that can be made."""
    (finding,) = found(types=types).values()
    assert (finding.code, finding.severity) == (code, severity)


def test_a_source_column_that_no_one_uses_may_go() -> None:
    """A column that the source once had and the model does not use is reported, not missed."""
    config = monitored()
    before = reference(config).model_copy(update={"source_types": {**TYPES, "spare": "string"}})
    due = pd.Series(np.full(N, True))
    (finding,) = inspected(rows(config, seed=1), before, config, source_types=TYPES, labels_due=due)
    assert (finding.code, finding.severity) == ("source_column_gone", "warning")
    assert "'spare'" in finding.message


@pytest.mark.parametrize(
    ("more", "code", "severity"),
    [({"future_rows": 3}, "future_time", "warning"), ({"in_order": False}, "time_not_in_order", "info")],
)
def test_time_that_runs_wrong_is_reported(more: dict[str, Any], code: str, severity: str) -> None:
    """Rows of the future and rows out of order are findings of the whole frame."""
    (finding,) = found(more=more).values()
    assert (finding.code, finding.severity, finding.column) == (code, severity, None)


def test_rows_that_no_window_reaches_are_reported() -> None:
    """Rows without a time and rows out of range are a finding each, with their number; without them there is none."""
    assert in_no_window(Strays(future=9)) == ()
    found = {one.code: one for one in in_no_window(Strays(timeless=1, outside=1200))}
    assert found["no_time"].message.startswith("1 row of the source has no time: ")
    assert found["time_out_of_range"].message.startswith("1,200 rows of the source have a time before 1678 or after")
    assert {(one.severity, one.observed) for one in found.values()} == {("warning", 1.0), ("warning", 1200.0)}


def test_repeated_rows_are_reported_above_the_limit() -> None:
    """Rows that repeat another exactly are counted without their first copy."""
    config = monitored()
    raw = stream(7, 100, seed=1)
    due = pd.Series(np.full(N, True))

    def messages(copies: int) -> list[str]:
        frame, _ = conform(pd.concat([raw.head(N - copies), raw.head(copies)]), config)
        findings = inspected(frame, reference(config), config, source_types=TYPES, labels_due=due)
        return [one.code for one in findings if one.code == "duplicate_rows"]

    assert messages(140) == []
    assert messages(141) == ["duplicate_rows"]


def test_no_rows_and_one_row_are_no_trap() -> None:
    """Preflight answers for a frame of any length, also where a share of nothing is asked for."""
    config = monitored()
    for many in (0, 1):
        frame = rows(config, seed=1).head(many)
        findings = inspected(
            frame, reference(config), config, source_types=TYPES, labels_due=pd.Series(np.full(many, True))
        )
        assert fatal(findings) == ()


@pytest.mark.parametrize(
    ("config", "code", "column"),
    [
        ({"columns__numeric": ["amount"]}, "config_changed", "speed"),
        (
            {"columns__numeric": ["amount"], "columns__categorical": ["speed", "city", "kind"]},
            "config_changed",
            "speed",
        ),
        ({"columns__numeric": ["amount"], "columns__target": "speed"}, None, None),
        ({"task": "binary"}, None, None),
    ],
)
def test_a_config_that_left_its_champion_behind_is_reported(
    config: dict[str, Any], code: str | None, column: str | None
) -> None:
    """Features, target and kinds that the champion has otherwise would corrupt its judgement: fatal, and no crash."""
    now, then = monitored(**config), monitored()
    due = pd.Series(np.full(N, True))
    findings = inspected(rows(now, seed=1), reference(then), now, source_types=TYPES, labels_due=due)
    assert "config_changed" in {one.code for one in fatal(findings)}
    if code is not None:
        (finding,) = findings
        assert (finding.code, finding.column) == (code, column)


def test_what_is_excluded_and_what_stops() -> None:
    """What cannot be compared is excluded, fatal findings stop the check, errors and warnings do neither."""
    made = [
        Finding(code="a", severity="info", column="a", message="m"),
        Finding(code="b", severity="warning", column="b", message="m"),
        Finding(code="c", severity="error", column="c", message="m"),
        Finding(code="d", severity="fatal", column="d", message="m"),
        Finding(code="e", severity="fatal", message="m"),
    ]
    assert excluded_columns(tuple(made)) == {"d"}
    codes = Finding(code="all_different", severity="warning", column="c", message="m")
    assert excluded_columns((codes,)) == {"c"}
    assert [one.code for one in fatal(tuple(made))] == ["d", "e"]


@pytest.mark.parametrize(
    ("task", "codes", "can"),
    [
        ("regression", ["nulls"], True),
        ("regression", ["target_missing"], False),
        ("regression", ["labels_not_allowed"], False),
        ("regression", ["lost_column"], False),
        ("regression", ["nulls", "target_missing"], False),
        ("binary", ["unseen_labels"], False),
        ("binary", ["nulls"], True),
        ("multiclass", ["unseen_labels"], True),
        ("multiclass", ["unseen_labels", "nulls"], True),
    ],
)
def test_a_retrain_is_offered_only_where_it_can_learn_the_rows(task: str, codes: list[str], can: bool) -> None:
    """A retrain learns missing values and new classes of an open task; no other fatal finding is learned away."""
    made = tuple(Finding(code=code, severity="fatal", message="m") for code in codes)
    assert learnable(made, monitored(task=task)) is can


def test_a_message_shows_values_as_they_are_and_not_at_length() -> None:
    """Numbers are written as numbers, and one endless text does not bury the sentence."""
    assert "single value 10;" in found(amount=10.0)["constant"].message
    assert "np." not in found(amount=10.0)["constant"].message
    assert len(found(city="x" * 10_000)["constant"].message) < 200
    assert len(found(city=share(0.5, "x" * 10_000, CITIES))["unseen_categories"].message) < 200


def test_missing_labels_are_reported_with_where_they_end() -> None:
    """The newest label, the newest row and the delay of the config are next to the share that is missing."""
    late = Lateness(day(0), day(9), day(3))
    finding = found(y=np.nan, more={"late": late})["target_missing"]
    assert finding.severity == "fatal"
    assert "the newest label is from 2026-01-04 00:00, the newest row from 2026-01-10 00:00" in finding.message
    assert finding.message.endswith("set columns.label_delay: 6d")
