"""Several `driftloop serve` of one PostgreSQL ledger: killed, stopped, asleep and added while they run.

Every model is due at every full minute. A minute that has two checks of a model would be a double check, and one
without a check was forgotten.
"""

from __future__ import annotations

import json
import os
import re
import signal
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest
import yaml

from driftloop.monitoring.ledger import Kind, Ledger, members
from tests import streams
from tests.listened import Listened
from tests.servers.postgres import Postgres

ROOT = Path(__file__).resolve().parents[2]
SOON = 240.0
LEASE = 10
MODELS = tuple(f"m{at:02}" for at in range(12))
MINUTE = timedelta(minutes=1)


class Serve(Listened):
    """A service on a state folder of its own, as on a machine of its own."""

    def __init__(self, folder: Path, home: Path, ledger: str, mlflow: str) -> None:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "MLFLOW_", "DRIFTLOOP_"))}
        urls = {"DRIFTLOOP_HOME": str(home), "DRIFTLOOP_LEDGER_URL": ledger, "MLFLOW_TRACKING_URI": mlflow}
        environment = {**inherited, **urls, "PYTHONPATH": str(ROOT)}
        words = ["serve", str(folder), "--port", "0", "--lease", str(LEASE), "--workers", "2"]
        super().__init__(words, environment, folder, SOON)

    def health(self) -> dict[str, Any]:
        found = self.until(lambda: re.search(r"http://127.0.0.1:(\d+)/health", "".join(self.log)))
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{found[1]}/health", timeout=60) as answer:
                return dict(json.load(answer))
        except HTTPError as error:
            return dict(json.load(error))

    def owned(self) -> set[str]:
        return {one["model"] for one in self.health()["models"]}


class Machines:
    """Services that share twelve models, and what their ledger holds of them."""

    def __init__(self, folder: Path, ledger: str, seed: Callable[[Path], Path]) -> None:
        self.folder, self.ledger, self.seed = folder, ledger, seed
        self.services: list[Serve] = []
        self.configs = folder / "configs"
        self.configs.mkdir()
        for model in MODELS:
            config = streams.config(model=model, schedule={"cron": "* * * * *"}, source={"path": "rows.csv"})
            (self.configs / f"{model}.yaml").write_text(yaml.safe_dump(config))
        (self.configs / "rows.csv").write_text("ts,y,amount,speed,city,kind\n")
        self.mlflow = f"sqlite:///{seed(folder / 'mlflow') / 'mlflow.db'}"

    def start(self) -> Serve:
        home = self.seed(self.folder / f"home{len(self.services)}")
        self.services.append(Serve(self.configs, home, self.ledger, self.mlflow))
        return self.services[-1]

    def settled(self, *services: Serve) -> bool:
        """Whether these services own all models, each its share."""
        parts = [one.owned() for one in services]
        return set().union(*parts) == set(MODELS) and all(len(part) == len(MODELS) / len(parts) for part in parts)

    def minutes(self, model: str) -> list[datetime]:
        """The full minutes at which a model was checked, in order."""
        with closing(Ledger(self.ledger)) as ledger:
            return sorted(check.now.replace(second=0, microsecond=0) for check in ledger.checks(model))

    def until_minute(self, ahead: int) -> None:
        """Wait until every model was checked at the minute that is this number of minutes ahead."""
        at = datetime.now(UTC).replace(second=0, microsecond=0) + ahead * MINUTE
        some = next(one for one in self.services if one.process.poll() is None)
        some.until(lambda: all((self.minutes(model) or [at - MINUTE])[-1] >= at for model in MODELS))


@pytest.fixture
def machines(tmp_path: Path, postgres: Postgres, seeded: Callable[[Path], Path]) -> Iterator[Machines]:
    made = Machines(tmp_path, postgres.url(postgres.place()), seeded)
    yield made
    for one in made.services:
        one.process.send_signal(signal.SIGCONT) if one.process.poll() is None else None
        one.process.kill()
        one.process.wait()


@pytest.mark.faults
def test_every_minute_of_every_model_is_checked_once(machines: Machines) -> None:
    """Three services; one is killed, one sleeps for longer than its lease, one is stopped, one is added."""
    first, second, third = (machines.start() for _ in range(3))
    first.until(lambda: machines.settled(first, second, third))
    machines.until_minute(1)
    begun = max(machines.minutes(model)[0] for model in MODELS)

    first.process.kill()
    second.until(lambda: machines.settled(second, third))
    machines.until_minute(1)

    second.process.send_signal(signal.SIGSTOP)
    third.until(lambda: third.owned() == set(MODELS))
    machines.until_minute(1)
    second.process.send_signal(signal.SIGCONT)
    second.until(lambda: machines.settled(second, third))

    fourth = machines.start()
    second.until(lambda: machines.settled(second, third, fourth))
    machines.until_minute(1)
    third.process.send_signal(signal.SIGTERM)
    second.until(lambda: third.process.poll() is not None)
    assert third.process.returncode == 0
    second.until(lambda: machines.settled(second, fourth))
    machines.until_minute(1)

    for model in MODELS:
        minutes = machines.minutes(model)
        assert len(minutes) == len(set(minutes)), (model, minutes)
        after = [minute for minute in minutes if minute >= begun]
        assert after == [after[0] + at * MINUTE for at in range(len(after))], (model, after)
    with closing(Ledger(machines.ledger)) as ledger:
        assert not [model for model in MODELS if ledger.events(model, kinds=(Kind.CHECK_MISSED, Kind.CHECK_OVERRUN))]
        assert len(members.view(ledger, MODELS).members) == 2
