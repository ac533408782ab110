"""A version in memory answers as `predict` does, and refuses what it cannot answer."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.rows.canonical import conform
from driftloop.monitoring.served.loader import Served
from driftloop.pipelines.scoring.bodies import ARROW, JSON
from driftloop.pipelines.scoring.loaded import Loaded, Scored
from driftloop.pipelines.scoring.refusals import Refused
from driftloop.pipelines.training.features import encode
from driftloop.pipelines.training.scorer import Scorer
from tests import streams
from tests.pipelines.scoring.conftest import HOUR, ROW
from tests.pipelines.scoring.test_bodies import stream_of

Make = Callable[..., Loaded]
TASKS = ("regression", "binary", "multiclass")


def score(loaded: Loaded, rows: Any) -> Scored:
    return loaded.score(JSON, json.dumps(rows).encode())


@pytest.mark.parametrize("task", TASKS)
def test_json_and_arrow_are_predicted_as_a_frame_is(make_loaded: Make, task: str) -> None:
    """To the last digit, in the order of the rows, missing values and unseen categories included."""
    import pyarrow as pa

    loaded, rows = make_loaded(task), streams.stream(2, 50, task=task).drop(columns="y")
    rows.loc[3, ["amount", "city"]] = [np.nan, None]
    rows.loc[4, "city"] = "atlantis"
    expected = loaded.served.predict(rows).to_numpy()
    by_json = loaded.score(JSON, rows.to_json(orient="records", date_format="iso", double_precision=15).encode())
    by_arrow = loaded.score(ARROW, stream_of(pa.Table.from_pandas(rows, preserve_index=False)))
    assert np.array_equal(by_arrow.predicted, expected)
    assert np.allclose(by_json.predicted, expected, rtol=1e-6)
    assert by_json.moments.dt.floor("ms").equals(by_arrow.moments.dt.floor("ms"))
    assert by_json.warnings == by_arrow.warnings
    assert by_json.warnings[0].startswith("city: 1 of 100 values are unknown to the model, such as 'atlantis'")


@pytest.mark.parametrize("task", TASKS)
def test_few_and_many_rows_are_scored_as_a_check_scores_them(make_loaded: Make, task: str) -> None:
    """To the last bit: canonical rows, encoded as a frame, next to one request per row, and to one of all rows."""
    loaded, chance = make_loaded(task), random.Random(5)
    numbers = (1, 7, -3.25, 1e300, -1e39, True, None, "4.5", " 12 ", "", 2**60)
    texts = ("berlin", "paris", "rome", "atlantis", "", "a", "b", "a\0", None, 3, 1.5, True, "\u00e9" * 9)
    moments = ("2026-01-09T06:00:00Z", "2026-01-09 06:00:00.123456+05:30", "2026-01-09T06:00", "2026-01-09", None)
    rows = [
        {
            "amount": chance.choice(numbers),
            "speed": chance.uniform(-2, 2),
            "city": chance.choice(texts),
            "kind": chance.choice(texts[4:]),
            "ts": chance.choice(moments),
        }
        for _ in range(2500)
    ]
    scorer: Scorer = loaded.served.score.__self__  # type: ignore[attr-defined]
    frame = pd.DataFrame(rows, dtype=object)
    frame = frame.assign(ts=pd.Timestamp("2026-01-09", tz="UTC"), y=streams.stream(1, 2500, task=task)["y"])
    canonical, _ = conform(frame, loaded.config)
    expected = scorer.score(encode(canonical, scorer.features))
    whole = score(loaded, rows)
    assert np.array_equal(whole.predicted, expected)
    singles = [score(loaded, [row]) for row in rows[:200]]
    assert np.array_equal(np.concatenate([single.predicted for single in singles]), expected[:200])
    for name, values in whole.typed.items():
        alone = np.concatenate([single.typed[name] for single in singles])
        assert pd.Series(alone, dtype=object).equals(pd.Series(values[:200], dtype=object))
    timed = [at for at, row in enumerate(rows[:200]) if row["ts"]]
    assert [singles[at].moments[0] for at in timed] == [whole.moments[at] for at in timed]


def test_derived_columns_are_computed_from_what_is_sent(make_loaded: Make) -> None:
    """The hour of the sent time, in the zone of the config; the time is needed then."""
    loaded = make_loaded(**HOUR)
    assert (loaded.numeric, loaded.others, loaded.optional) == (("amount", "speed"), ("city", "kind", "ts"), ())
    found = score(loaded, [ROW, {**ROW, "ts": "2026-01-09T23:00:00Z"}])
    assert found.typed["hour"].tolist() == [6, 23]
    with pytest.raises(Refused, match="lack 'ts'"):
        score(loaded, [{name: value for name, value in ROW.items() if name != "ts"}])
    with pytest.raises(Refused, match="ts is 'noon'"):
        score(loaded, [{**ROW, "ts": "noon"}])


def test_an_expression_that_fails_on_a_value_is_refused(make_loaded: Make) -> None:
    """With the message of the engine, and the column."""
    size = "CAST(replace(replace(kind, 'a', '1'), 'b', '2') AS INTEGER)"
    loaded = make_loaded(
        columns__derived={"size": size}, columns__numeric=["amount", "size"], columns__categorical=["city"]
    )
    assert score(loaded, [ROW]).typed["size"].tolist() == [1]
    with pytest.raises(Refused, match="size cannot be computed: Conversion Error") as caught:
        score(loaded, [{**ROW, "kind": "x"}])
    assert caught.value.status == 422


def test_time_and_id_are_optional_and_returned(make_loaded: Make) -> None:
    """Without a time it is the one of the request; an id comes back as text."""
    loaded = make_loaded(columns__id=["order", "ts"])
    assert loaded.optional == ("ts", "order")
    plain = {name: ROW[name] for name in ("amount", "speed", "city", "kind")}
    found = score(loaded, [plain])
    assert abs(found.moments[0] - pd.Timestamp.now("UTC")) < pd.Timedelta("1h")
    assert found.ids.columns.tolist() == []
    found = score(
        loaded, [{**plain, "order": 7, "ts": "2026-01-09"}, {**plain, "order": None, "ts": "2026-01-09 06:00"}]
    )
    assert found.moments.tolist() == [pd.Timestamp("2026-01-09", tz="UTC"), pd.Timestamp("2026-01-09 06:00", tz="UTC")]
    mixed = score(loaded, [{**plain, "ts": "2026-01-09T00:00Z"}, {**plain, "ts": None}, {**plain, "order": 1}])
    assert mixed.moments[0] == pd.Timestamp("2026-01-09", tz="UTC")
    assert mixed.moments[1] == mixed.moments[2] > pd.Timestamp("2026-02-01", tz="UTC")
    assert mixed.ids["order"].tolist() == [None, None, "1"]
    answer = json.loads(found.answer(JSON))
    assert [row["id"] for row in answer["predictions"]] == [{"order": "7"}, {"order": None}]
    assert {answer["model"], answer["version"]} == {"made", "3"}
    assert answer["predictions"][1]["prediction_id"] == f"{answer['request_id']}-1"


@pytest.mark.parametrize("time", [True, "yesterday", 5, "2026-13-01"])
def test_a_time_that_is_none_is_refused(make_loaded: Make, time: object) -> None:
    """Because its prediction would never be found again."""
    with pytest.raises(Refused, match="ts") as caught:
        score(make_loaded(), [{**ROW, "ts": time}])
    assert caught.value.status == 422


def test_no_rows_are_an_empty_answer(make_loaded: Make) -> None:
    """For a number and for classes, in both forms."""
    import pyarrow as pa

    for task in TASKS[:2]:
        loaded = make_loaded(task)
        assert json.loads(score(loaded, []).answer(JSON))["predictions"] == []
        table = stream_of(pa.table({name: pa.array([], pa.string()) for name in ROW}))
        assert pa.ipc.open_stream(loaded.score(ARROW, table).answer(ARROW)).read_all().num_rows == 0


def test_nothing_is_encoded_twice(make_loaded: Make) -> None:
    """The scorer has no encoding of its own: it is the plain predictor's."""
    assert type(make_loaded().served) is Served
