"""An expression that fails is named by its own key, whichever table it belongs to and whatever engine joins them."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from driftloop.monitoring.config import Monitored
from driftloop.monitoring.errors import BadExpression
from driftloop.monitoring.sources import read_rows
from tests.labeled import NOW, SPAN, Keep, config, made_labels, made_rows

PAIRS = [("csv", "csv"), ("postgres", "postgres"), ("sqlite", "csv"), ("csv", "postgres")]


def written(keep: Keep, rows: str, labels: str) -> Monitored:
    """Rows and labels whose times are text of another form."""
    import pyarrow.compute as pc

    table, outcomes = made_rows(), made_labels()
    table = table.append_column("place", pa.array([f"p{at}" for at in range(len(table))]))
    texts = pc.strftime(outcomes["known_at"], format="%d.%m.%Y %H:%M")
    outcomes = outcomes.set_column(outcomes.column_names.index("known_at"), "known_at", texts)
    return config(keep(rows, table, "rows"), keep(labels, outcomes, "labels"))


def expressed(made: Monitored, rows: str, labels: str) -> Monitored:
    record = made.model_dump()
    record["columns"]["derived"] = {"fare": rows}
    record["labels"]["derived"] = {"known_at": labels}
    return Monitored.model_validate(record)


@pytest.mark.parametrize(("rows", "labels"), PAIRS)
def test_expressions_of_labels_are_read(keep: Keep, tmp_path: Path, rows: str, labels: str) -> None:
    """Times of labels in any form are read by an expression, in every engine."""
    plain = config(keep(rows, made_rows(), "rows"), keep(labels, made_labels(), "labels"))
    wanted = read_rows(plain.source, plain.reading, SPAN, tmp_path, NOW).frame
    how = {
        "csv": "strptime(known_at, '%d.%m.%Y %H:%M')",
        "postgres": "to_timestamp(known_at, 'DD.MM.YYYY HH24:MI') AT TIME ZONE 'UTC'",
    }
    made = expressed(written(keep, rows, labels), "fare", how[labels])
    found = read_rows(made.source, made.reading, SPAN, tmp_path, NOW).frame
    assert found["y"].astype(float).tolist() == pytest.approx(wanted["y"].astype(float).tolist(), nan_ok=True)


@pytest.mark.parametrize(("rows", "labels"), PAIRS)
def test_the_expression_that_fails_is_named(keep: Keep, tmp_path: Path, rows: str, labels: str) -> None:
    """A failure in the labels is labels.derived, one in the rows columns.derived, also in one statement of both."""
    base = written(keep, rows, labels)
    good = {"csv": "strptime(known_at, '%d.%m.%Y %H:%M')", "postgres": "to_timestamp(known_at, 'DD.MM.YYYY HH24:MI')"}
    bad = {"csv": "strptime(known_at, '%Y')", "postgres": "CAST(known_at AS integer)"}
    made = expressed(base, "fare", bad[labels])
    with pytest.raises(BadExpression, match=r"^labels\.derived\.known_at: "):
        read_rows(made.source, made.reading, SPAN, tmp_path, NOW)
    if rows == "sqlite":
        return  # it casts whatever it is given
    made = expressed(base, "CAST(place AS integer)", good[labels])
    with pytest.raises(BadExpression, match=r"^columns\.derived\.fare: "):
        read_rows(made.source, made.reading, SPAN, tmp_path, NOW)
