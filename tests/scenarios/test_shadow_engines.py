"""A challenger in shadow where a Dask cluster scores the rows, or PostgreSQL counts them: compared, with a proof."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import psycopg
import pytest

from driftloop.monitoring.records import Check, Outcome
from driftloop.monitoring.sources import shards
from tests.conftest import Model
from tests.scenarios.test_shadow import SPANS
from tests.servers.dask import DaskCluster
from tests.servers.postgres import Postgres
from tests.streams import day, stream

pytestmark = pytest.mark.faults
Make = Callable[..., Model]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    """A scheduler with two workers."""
    made = DaskCluster(tmp_path_factory.mktemp("dask"))
    made.start()
    yield made
    made.stop()


def narrow_then_wide(made: Model) -> Model:
    """Have a challenger with a feature that the champion does not read enter its shadow on day 42."""
    check = made.check(day(21))
    assert check.outcome is Outcome.BOOTSTRAPPED, check.reason
    made.given(columns__numeric=["amount", "speed"], columns__categorical=["city", "kind"])
    check = made.check(day(42))
    assert check.outcome is Outcome.SHADOWING, check.reason
    made.given(policies__triggers=[{"policy": "never"}])
    return made


NARROW: dict[str, Any] = {
    **SPANS,
    "columns__numeric": ["amount"],
    "columns__categorical": ["city"],
    "archive__keep": 2,
    "promotion": {"shadow": 3},
}


def compared(check: Check) -> Any:
    assert check.shadow is not None
    assert check.shadow.state == "proven", check.shadow.reason
    return [(one.rows, one.challenger_loss, one.champion_loss) for one in check.shadow.windows]


def test_workers_of_dask_score_the_champion_and_the_challenger_is_compared(
    model: Make, cluster: DaskCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The evidence is that of this process, to rounding; the check that promotes it has read on the cluster."""
    monkeypatch.setattr(shards, "SHARD", 20_000)
    rows = stream(56, concept_shift_at=21)
    made = model(rows.head(1), **{**NARROW, "source": {"path": "parts/*.parquet"}})
    (made.folder / "parts").mkdir()
    for number, part in enumerate(np.array_split(np.arange(len(rows)), 14)):
        rows.iloc[part].to_parquet(made.folder / "parts" / f"{number:02}.parquet", index=False)
    narrow_then_wide(made)
    here = made.check(day(49), dry_run=True)
    made.given(engine={"dask": cluster.address})
    there = made.check(day(49))
    assert there.counting is not None
    assert there.counting.by == "engine", there.counting.reason
    assert np.allclose(compared(there), compared(here))
    assert (there.outcome, there.champion_after) == (Outcome.PROMOTED, "2"), there.reason
    watched = made.check(day(56))
    assert watched.watch is not None
    assert (watched.counting is not None and watched.counting.by, len(watched.watch.windows)) == ("engine", 1)


def test_postgresql_counts_the_window_and_the_challenger_is_compared(
    model: Make, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The labeled rows come over although no policy reads a loss; the evidence is that of rows that are all read."""
    monkeypatch.setenv("SHOP_PASSWORD", postgres.password)
    place, rows = postgres.place(), stream(63, a_day=300, concept_shift_at=21)
    text = io.StringIO()
    rows.to_csv(text, index=False, header=False)
    with psycopg.connect(postgres.url(place), autocommit=True) as con:
        con.execute("CREATE TABLE t (ts timestamptz, amount float8, speed float8, city text, kind text, y float8)")
        with con.cursor().copy("COPY t FROM STDIN (FORMAT csv)") as copy:
            copy.write(text.getvalue())
    source = {"url": postgres.url(place, password="${SHOP_PASSWORD}"), "table": "t", "profile": "database"}
    late: dict[str, Any] = {"source": source, "columns__label_delay": "7d", "drift__sample_rows": 200}
    made = narrow_then_wide(model(pd.DataFrame(), **{**NARROW, **late}))
    made.given(source={**source, "profile": "stream"})
    here = made.check(day(56), dry_run=True)
    there = made.given(source=source).check(day(56))
    assert there.counting is not None
    assert there.counting.by == "database", there.counting.reason
    assert there.counting.labeled
    assert np.allclose(compared(there), compared(here))
    assert (there.outcome, there.champion_after) == (Outcome.PROMOTED, "2"), there.reason
