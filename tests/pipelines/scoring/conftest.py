"""Versions as the scorer has them in memory, fitted here in milliseconds, without a registry."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from driftloop.monitoring.sources.derivation import Derivation
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import load
from driftloop.pipelines.registry import Version, models
from driftloop.pipelines.registry.serving import served
from driftloop.pipelines.scoring.answer_log import AnswerLog
from driftloop.pipelines.scoring.app import Scoring, application
from driftloop.pipelines.scoring.champions import Champions, Contact, Place
from driftloop.pipelines.scoring.loaded import Loaded
from driftloop.pipelines.scoring.numbers import Numbers
from driftloop.pipelines.training.fit import fit
from tests import streams
from tests.conftest import Model

TYPES = {"ts": "TIMESTAMP WITH TIME ZONE", "amount": "DOUBLE", "speed": "DOUBLE", "city": "VARCHAR", "kind": "VARCHAR"}
HOUR: dict[str, Any] = {"columns__derived": {"hour": "hour(ts)"}, "columns__numeric": ["amount", "speed", "hour"]}
HOURLY = {
    "columns__derived": {"hour": "hour(ts)"},
    "columns__numeric": ["amount", "speed", "hour"],
    "columns__id": "no",
}
ROW = {"amount": 10, "speed": 0.5, "city": "berlin", "kind": "a", "ts": "2026-01-09T06:00:00Z"}


@pytest.fixture(scope="session")
def make_loaded(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Loaded]:
    """Makes version 3 of the model `made`, of changes to the config."""
    made: dict[str, Loaded] = {}

    def make(task: Any = "regression", number: str = "3", **changes: Any) -> Loaded:
        key = repr((task, number, sorted(changes.items())))
        if key not in made:
            rows = streams.stream(14, task=task)
            places: dict[str, Any] = {"predictions__path": "log"}
            file = streams.write(tmp_path_factory.mktemp("loaded"), rows, task=task, **{**places, **changes})
            project = load(file)
            columns = project.columns
            derivation = Derivation(columns, TYPES, columns.derived) if columns.derived else None
            frame = derivation.added(rows) if derivation else rows
            training = project.training.model_copy(update={"params": {"n_estimators": 5}, "threads": 1})
            scorer = fit(frame, rows["y"], columns.numeric, columns.categorical, task, training)
            version = Version(project.model, number, f"m-{number}", None, {})
            made[key] = Loaded(project, project, version, served(scorer), derivation, adopted=False)
        return made[key]

    return make


class Api:
    """The application in this process, asked without a socket."""

    def __init__(self, folder: Path, loaded: Loaded | None, *, local: bool = True, token: str | None = None) -> None:
        self.champions, self.answers = Champions([folder]), AnswerLog()
        if loaded is not None:
            self.champions.places = {"made": Place(loaded.project, "serving", loaded)}
        now = datetime.now(UTC)
        self.champions.ready, self.champions.contact = True, Contact(True, now, now)
        self.scoring = Scoring(self.champions, self.answers, Numbers(self.champions, self.answers), local, token)
        self.app: FastAPI = application(self.scoring)

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the answer."""
        return asyncio.run(self._ask(method, path, body, {"host": "127.0.0.1", **(headers or {})}))

    async def _ask(
        self, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        events: list[Any] = []
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(event: Any) -> None:
            events.append(event)

        await self.app(scope, receive, send)
        found = {name.decode().lower(): value.decode() for name, value in events[0]["headers"]}
        return events[0]["status"], found, b"".join(event.get("body", b"") for event in events[1:])

    def predict(self, rows: Any, **headers: str) -> tuple[int, Any]:
        """Status and JSON of the answer to rows, or to a body as it is."""
        body = rows if isinstance(rows, bytes) else json.dumps(rows).encode()
        status, _, content = self.ask("POST", "/predict/made", body, {"content-type": "application/json", **headers})
        return status, json.loads(content)


@pytest.fixture
def make_api(tmp_path: Path) -> Callable[..., Api]:
    """Makes an application that serves one version, or none."""
    return lambda loaded=None, **more: Api(tmp_path, loaded, **more)


@pytest.fixture(scope="module")
def made(trained: Callable[..., Model]) -> Model:
    """A model with two versions, which predict differently; the second is registered and does not serve."""
    rows = streams.stream(28)
    model = trained(rows.assign(no=range(len(rows))), **HOURLY)
    first = registry.champion(model.name)
    place = registry.folder(first)

    def fill(folder: Path) -> None:
        for file in place.iterdir():
            if file.is_dir():
                shutil.copytree(file, folder / file.name)
            elif file.name != registry.MANIFEST:
                shutil.copy(file, folder / file.name)

    stored = models.store(model.name, run_id=str(first.run_id), fill=fill, describe=lambda *_: None, params={})
    models.register(model.name, stored, run_id=str(first.run_id), tags={})
    return model
