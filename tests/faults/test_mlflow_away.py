"""MLflow becomes unavailable, before or during a check, and comes back: a clear failure, and nothing is lost."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from driftloop.monitoring.errors import ServerUnavailable
from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.records import Check, Outcome
from driftloop.pipelines import registry
from driftloop.pipelines.runtime import failpoints, home
from tests.conftest import Model
from tests.faults.test_kills import running, state
from tests.servers.mlflow import MlflowServer
from tests.servers.ports import free_port
from tests.streams import day, stream

Make = Callable[..., Model]
# Away with a decision and no request yet; with its request; after the fit; with a model stored and no version of it;
# with a version to be loaded back; between the two aliases; after them; and when only the last words are missing.
POINTS = (
    "saved report",
    "wrote decision",
    "fitted",
    "wrote progress",
    "registered version",
    "moved previous",
    "moved champion",
    "closed run",
)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MlflowServer]:
    """A server of this test's own; tried once and once more, so that its absence costs no twelve seconds a call."""
    made = MlflowServer(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", made.url)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    made.start()
    yield made
    made.kill()


def checks(made: Model) -> list[Check]:
    with closing(Ledger(home.ledger_url())) as ledger:
        return ledger.checks(made.name)


def test_a_check_without_mlflow_fails_with_a_clear_message(model: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the server and the variable, the ledger has the failure, and the next check is unharmed."""
    made = model(stream(28), training__params={"n_estimators": 5}, drift__report_columns=1)
    before = os.environ["MLFLOW_TRACKING_URI"]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://ann:hush@127.0.0.1:{free_port()}")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(
        ServerUnavailable, match=r"MLflow at http://\*\*\*@127\.0\.0\.1:\d+ does not answer: "
    ) as caught:
        made.check(day(21))
    assert "MLFLOW_TRACKING_URI" in caught.value.remedy
    (failed,) = checks(made)
    assert failed.outcome is Outcome.FAILED
    assert "does not answer" in failed.reason
    assert "hush" not in failed.reason
    monkeypatch.setenv("MLFLOW_TRACKING_URI", before)
    assert made.check(day(21)).outcome is Outcome.BOOTSTRAPPED


def test_mlflow_becomes_unavailable_anywhere_in_a_check_and_comes_back(
    shifted: Make, server: MlflowServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed at each of these points: one promotion, two versions, nothing RUNNING, all reported, once it is back."""
    for point in POINTS:
        made = shifted(training__params={"n_estimators": 10})
        assert made.check(day(21)).outcome is Outcome.BOOTSTRAPPED

        def leave(reached: str, at: str = point) -> None:
            if reached == at:
                server.kill()

        with monkeypatch.context() as patched:
            patched.setattr(failpoints, "reach", leave)
            with pytest.raises(ServerUnavailable):
                made.check(day(42))
        server.start()
        again = made.check(day(42))
        assert again.outcome in {Outcome.PROMOTED, Outcome.ALREADY_CHECKED}, (point, again.reason)
        ends, moves, aliases, versions = state(made)
        assert [end for _, end in ends] == ["promoted", "promoted"], point
        assert (len(moves), aliases, versions) == (2, ["2", "1"], 2), point
        assert [check.outcome for check in checks(made)].count(Outcome.PROMOTED) == 1, point
        assert running(made) == [], point


def test_mlflow_that_is_back_within_the_patience_is_not_noticed(
    model: Make, server: MlflowServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer of the next call is waited for while the server starts again."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "6")
    made = model(stream(28), training__params={"n_estimators": 5}, drift__report_columns=1)
    back = threading.Thread(target=server.start)

    def leave(reached: str) -> None:
        if reached == "wrote progress":
            server.kill()
            back.start()

    monkeypatch.setattr(failpoints, "reach", leave)
    assert made.check(day(21)).outcome is Outcome.BOOTSTRAPPED
    back.join()
    assert registry.champion(made.name).number == "1"
