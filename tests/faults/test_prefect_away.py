"""The Prefect server becomes unavailable during a check and comes back: nothing is lost, nothing is done twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from driftloop.monitoring.errors import ServerUnavailable
from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.records import Outcome
from driftloop.pipelines.runtime import failpoints, home, outages
from tests.conftest import Model
from tests.faults.test_kills import assert_one_end, state
from tests.servers.postgres import Postgres
from tests.servers.prefect import PrefectServer, on_server
from tests.streams import day

Make = Callable[..., Model]
# Away with rows that are read; with a decision and its request; after the fit; with a version; after both aliases.
POINTS = ("read rows", "wrote decision", "fitted", "registered version", "moved champion")


@pytest.fixture
def server(tmp_path: Path, postgres: Postgres) -> Iterator[PrefectServer]:
    """A server of this test's own, on PostgreSQL, and a client that tries a call once more instead of for a minute."""
    from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings

    made = PrefectServer(tmp_path, postgres.database())
    made.start()
    with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 1}):
        yield made
    made.kill()


def test_prefect_becomes_unavailable_anywhere_in_a_check_and_comes_back(
    shifted: Make, server: PrefectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed at each of these points: one promotion, two versions, nothing RUNNING, all reported, once it is back."""
    monkeypatch.setenv("PREFECT_API_URL", server.url)
    for point in POINTS:
        made = shifted(training__params={"n_estimators": 10})
        with on_server(server):
            assert made.check(day(21)).outcome is Outcome.BOOTSTRAPPED

        def leave(reached: str, at: str = point) -> None:
            if reached == at:
                server.kill()

        with on_server(server), monkeypatch.context() as patched:
            patched.setattr(failpoints, "reach", leave)
            with (
                pytest.raises(ServerUnavailable, match=r"Prefect at http.*does not answer") as caught,
                outages.translated(),
            ):
                made.check(day(42))
        assert "PREFECT_API_URL" in caught.value.remedy
        server.start()
        with on_server(server):
            again = made.check(day(42))
            assert again.outcome in {Outcome.PROMOTED, Outcome.ALREADY_CHECKED}, (point, again.reason)
            assert_one_end(made)
            with closing(Ledger(home.ledger_url())) as ledger:
                assert [check.outcome for check in ledger.checks(made.name)].count(Outcome.PROMOTED) == 1, point
            before = state(made)
            assert made.check(day(42)).outcome is Outcome.ALREADY_CHECKED, point
            assert state(made) == before, point
