"""Records are frozen, closed, in UTC and readable as JSON."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from driftloop.monitoring.records import (
    Check,
    CheckWindow,
    ColumnReference,
    ColumnScore,
    Decision,
    Outcome,
    Performance,
    Reference,
    Signals,
    Vote,
    Window,
    utc,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
moments = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))


def column(name: str = "age", role: str = "feature", **changes: object) -> ColumnReference:
    known = {"kind": "numeric", "null_share": 0.0, "distinct": 9, "method": "ks", "threshold": 0.05}
    return ColumnReference.model_validate({**known, "name": name, "role": role, **changes})


def performance(loss: float, reference_loss: float) -> Performance:
    window = Window(start=START, end=START + DAY)
    return Performance(
        loss_name="mae", loss=loss, low=loss, high=loss, rows=9, window=window, reference_loss=reference_loss
    )


def standing(loss: float, low: float, high: float, *, rows: int = 400, reference_rows: int | None = 400) -> str:
    window = Window(start=START, end=START + DAY)
    return Performance(
        loss_name="mae", loss=loss, low=low, high=high, rows=rows, window=window, reference_loss=2.0,
        reference_rows=reference_rows,
    ).standing  # fmt: skip


@pytest.mark.parametrize(
    ("loss", "low", "high", "told"),
    [
        (4.8, 4.3, 5.3, "worse"),
        (3.0, 2.1, 3.9, "well"),  # the lower end is above the reference loss, but that loss is uncertain as well
        (3.0, 1.9, 4.1, "well"),
        (2.05, 2.04, 2.06, "well"),  # beyond chance, and too little to matter
        (2.11, 2.1, 2.12, "worse"),
        (1.0, 0.9, 1.1, "well"),
        (math.inf, 0.0, math.inf, "worse"),
        (9.0, 0.0, math.inf, "unknown"),  # one row has no interval
    ],
)
def test_a_champion_does_worse_only_beyond_chance(loss: float, low: float, high: float, told: str) -> None:
    """A rise counts if chance in both losses does not explain it and if it is large enough to matter."""
    assert standing(loss, low, high) == told


def test_few_reference_rows_prove_less() -> None:
    """The same rise over a reference loss of a few rows may be chance; without their number it is exact."""
    assert standing(2.5, 2.2, 2.8, reference_rows=400) == "worse"
    assert standing(2.5, 2.2, 2.8, reference_rows=40) == "well"
    assert standing(2.5, 2.2, 2.8, reference_rows=None) == "worse"


def test_no_loss_without_a_reference_loss_is_worse() -> None:
    """A model without any error on its reference is worse with the first one that chance does not explain."""
    assert performance(0.1, 0.0).standing == "worse"
    assert performance(0.0, 0.0).standing == "well"


def test_the_standing_of_a_check_follows_from_its_loss() -> None:
    """It is a key of the JSON, survives being read back, and cannot contradict the loss beside it."""
    window = CheckWindow(start=START, end=START + DAY, rows=5)
    known = {"model": "m", "check_id": "1", "outcome": "steady", "reason": "r", "window": window, "now": START}
    check = Check(**known, performance=performance(4.0, 2.0))
    assert json.loads(check.model_dump_json())["standing"] == check.standing == "worse"
    assert Check.model_validate_json(check.model_dump_json()) == check
    assert Check.model_validate({**check.model_dump(), "standing": "well"}).standing == "worse"
    assert check.model_copy(update={"performance": None}).standing == "unknown"


@given(moments, st.integers(-14, 14))
def test_a_moment_is_the_same_in_every_zone(moment: datetime, hours: int) -> None:
    """A zone changes how a moment is written, never which one it is; no zone means UTC."""
    elsewhere = moment.astimezone(timezone(timedelta(hours=hours)))
    assert utc(elsewhere) == moment
    assert utc(elsewhere).tzinfo is UTC
    assert utc(moment.replace(tzinfo=None)) == moment


@given(moments, st.timedeltas(timedelta(microseconds=1), timedelta(days=4000)))
def test_a_window_holds_its_start_and_not_its_end(start: datetime, span: timedelta) -> None:
    """Windows are half-open, so that neighbours share no row and lose none."""
    window = Window(start=start, end=start + span)
    assert window.start in window
    assert window.end not in window
    assert window.end - timedelta(microseconds=1) in window
    assert window.earlier(span).end == window.start
    assert window.earlier(span).length == window.length


@pytest.mark.parametrize("span", [timedelta(), -DAY])
def test_a_window_runs_forward(span: timedelta) -> None:
    """A window of no length or negative length is refused."""
    with pytest.raises(ValidationError, match="must start before it ends"):
        Window(start=START, end=START + span)


@pytest.mark.parametrize(
    ("span", "spelled"),
    [
        (DAY, "2026-01-01 to 2026-01-02"),
        (timedelta(hours=6), "2026-01-01 00:00 to 2026-01-01 06:00"),
        (timedelta(seconds=30), "2026-01-01 00:00:00 to 2026-01-01 00:00:30"),
        (timedelta(milliseconds=500), "2026-01-01 00:00:00 to 2026-01-01 00:00:00.500000"),
    ],
)
def test_a_window_is_spelled_as_finely_as_it_needs(span: timedelta, spelled: str) -> None:
    """Start and end are never spelled alike; whole days are spelled as days."""
    assert str(Window(start=START, end=START + span)) == spelled
    assert str(CheckWindow(start=START, end=START + span, rows=3)) == spelled


def test_records_are_frozen_and_closed() -> None:
    """What was measured cannot be changed afterwards, and no record takes a field that it does not know."""
    window = Window(start=START, end=START + DAY)
    with pytest.raises(ValidationError, match="frozen"):
        window.start = START + DAY  # type: ignore[misc]
    with pytest.raises(ValidationError, match="extra"):
        Window.model_validate({"start": START, "end": START + DAY, "ends": 1})


def test_a_check_prints_the_keys_that_were_promised() -> None:
    """The JSON of a check has the stable keys, valid JSON even for numbers that are none."""
    check = Check(
        model="m",
        check_id="1",
        outcome=Outcome.STEADY,
        reason="fine",
        window=CheckWindow(start=START, end=START + DAY, rows=5),
        columns=(
            ColumnScore(
                name="a", role="feature", kind="numeric", method="ks", score=0.5, threshold=0.05, drifted=False
            ),
        ),
        votes=(Vote(policy="p", vote="fire", observed=math.inf, threshold=1.0, reason="because"),),
        now=START,
    )
    read = json.loads(check.model_dump_json(), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert {
        "model", "check_id", "outcome", "reason", "window", "columns", "drift_share", "findings", "votes", "decision",
        "retrain", "report", "mlflow_run_id", "prefect_flow_run_id",
    } <= set(read)  # fmt: skip
    assert read["window"] == {"start": "2026-01-01T00:00:00+00:00", "end": "2026-01-02T00:00:00+00:00", "rows": 5}
    assert {"name", "method", "score", "threshold", "drifted"} <= set(read["columns"][0])
    assert read["votes"][0]["observed"] is None
    assert read["outcome"] == "steady"


def test_only_measured_and_decided_windows_count_as_judged() -> None:
    """An early exit, a failure, or a training that is still awaited leaves the window open for another check."""
    assert {outcome for outcome in Outcome if not outcome.judged} == {
        Outcome.NO_DATA,
        Outcome.TOO_FEW_ROWS,
        Outcome.ALREADY_CHECKED,
        Outcome.BAD_DATA,
        Outcome.FAILED,
        Outcome.REQUESTED,
    }


def test_a_reference_finds_its_columns() -> None:
    """Columns are found by name and by role, in their order; what is not there is None."""
    window = Window(start=START, end=START + DAY)
    columns = (column("a"), column("b"), column("prediction", "prediction"), column("y", "target"))
    reference = Reference(
        window=window, rows=9, columns=columns, source_types={}, loss_name="mae", loss=1.0, loss_rows=9
    )
    assert reference.column("y") is columns[3]
    assert reference.column("z") is None
    assert [found.name for found in reference.of_role("target", "feature")] == ["a", "b", "y"]


@pytest.mark.parametrize(("loss", "reference", "rise"), [(12, 10, 0.2), (8, 10, -0.2), (0, 0, 0), (1, 0, math.inf)])
def test_the_rise_is_relative_to_the_reference(loss: float, reference: float, rise: float) -> None:
    """Twenty per cent worse is 0.2; any loss over a perfect reference is an infinite rise."""
    assert performance(loss, reference).rise == pytest.approx(rise)


def test_the_drift_share_counts_features_only() -> None:
    """Drift of the prediction or the target is no drifted feature; without a judged feature there is no share."""

    def score(name: str, role: str, drifted: bool) -> ColumnScore:
        known = {"kind": "numeric", "method": "ks", "score": 0.5, "threshold": 0.05}
        return ColumnScore.model_validate({**known, "name": name, "role": role, "drifted": drifted})

    window = Window(start=START, end=START + DAY)
    features = (score("a", "feature", True), score("b", "feature", False))
    others = (score("prediction", "prediction", True), score("y", "target", True))
    assert Signals(window=window, rows=1, labelled_rows=0, scores=features + others).drift_share == 0.5
    assert Signals(window=window, rows=1, labelled_rows=0, scores=others).drift_share is None


def test_a_decision_is_held_when_fire_meets_veto() -> None:
    """Held means that somebody wanted a retrain and somebody forbade it."""

    def said(*votes: str) -> bool:
        cast = tuple(Vote.model_validate({"policy": "p", "vote": vote, "reason": "r"}) for vote in votes)
        return Decision(action="wait", reason="r", votes=cast).held

    assert said("hold", "fire", "allow", "veto")
    assert not said("hold", "veto")
    assert not said("fire", "allow")


def test_a_loss_beyond_all_floats_reads_back() -> None:
    """JSON has no infinity: it is null there, and an infinite loss again when it is read."""
    window = Window(start=START, end=START + DAY)
    huge = Performance(
        loss_name="mse", loss=math.inf, low=0.0, high=math.inf, rows=3, window=window, reference_loss=1.0
    )
    assert json.loads(huge.model_dump_json())["loss"] is None
    assert Performance.model_validate_json(huge.model_dump_json()) == huge
