"""A service with a model elsewhere next to one that driftloop trains, as a process of its own."""

from __future__ import annotations

import json
import signal
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from prometheus_client.parser import text_string_to_metric_families

from driftloop.monitoring.ledger import Kind, Ledger
from tests import streams
from tests.elsewhere import ELSEWHERE, TABLE, scored
from tests.pipelines.service.test_serve import Serve

HERE: dict[str, Any] = {"training__params": {"n_estimators": 10}, "policies__triggers": [{"policy": "never"}]}


def written(folder: Path) -> Callable[..., None]:
    """Write both models, and return what writes the table of predictions again, with version 8 from a day on."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    moved = today - streams.day(35)

    def scores(since: float | None = None, error: float = 0.0) -> None:
        rows, table = scored(streams.stream(35), since=since)
        table = table.assign(scored_at=table["scored_at"] + moved, score=table["score"] + error)
        rows.assign(ts=rows["ts"] + moved).to_parquet(folder / "rows.parquet", index=False)
        table.to_csv(folder / ".scored.csv", index=False)
        (folder / ".scored.csv").rename(folder / "scored.csv")

    scores()
    streams.write(folder, schedule={"on": {"arrival": "in/*", "settle": "0.2s"}}, **HERE)
    table = {**TABLE, "source": {"path": "scored.csv"}}
    arrival = {"on": {"arrival": "scored.csv", "settle": "0.2s"}}
    notify = {"urls": ["json://127.0.0.1:9/"]}
    far = streams.config(model="far", predictions=table, schedule=arrival, notify=notify, **ELSEWHERE)
    (folder / "far.yaml").write_text(yaml.safe_dump(far))
    return scores


def gauges(served: Serve) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(served.page("/metrics"))
    lines = [line for family in families for line in family.samples]
    return {(one.name, one.labels.pop("model", ""), *one.labels.values()): one.value for one in lines}


def emitted(home: Path) -> list[tuple[str, Any]]:
    """The events of Prefect about the model elsewhere, oldest first, with their payloads."""
    query = "SELECT event, payload FROM events WHERE resource_id = 'driftloop.model.far' ORDER BY occurred"
    with sqlite3.connect(home / "prefect" / "prefect.db") as database:
        return [(name, json.loads(payload)) for name, payload in database.execute(query)]


def test_a_service_follows_a_model_elsewhere(tmp_path: Path, seeded: Callable[[Path], Path]) -> None:
    """Its predictions arrive, a new version takes over, a needed retrain is reported; the other model stays."""
    (tmp_path / "in").mkdir()
    put_scores = written(tmp_path)
    seeded(tmp_path / "state")
    served = Serve(tmp_path)
    try:
        served.wait_for("far: steady")
        (tmp_path / "in" / "rows").write_text("done")
        served.wait_for("made: bootstrapped")
        made = ("driftloop_checks_total", "made", "bootstrapped")
        # A check is logged before the service counts it.
        first = served.until(lambda: found if made in (found := gauges(served)) else None)
        for model in ("far", "made"):
            assert first["driftloop_checks_total", model, {"far": "steady", "made": "bootstrapped"}[model]] == 1
            assert first["driftloop_not_well", model] == 0
        assert first["driftloop_loss", "far"] > 0
        assert first["driftloop_reference_loss", "far"] > 0
        assert ("driftloop_column_drift", "far", "prediction") in first
        assert ("driftloop_metric", "far", "rmse") in first

        put_scores(since=13)
        served.wait_for(r"far: steady[\s\S]*far: steady")
        status, health = served.get("/health")
        assert (status, [each["model"] for each in health["models"]]) == (200, ["far", "made"])
        assert "2 (8)" in served.page("/") or "version 2" in served.page("/site/models/far.html")

        put_scores(since=13, error=9.0)
        served.wait_for("far: needed_elsewhere")
        last = gauges(served)
        assert last["driftloop_loss_worse", "far"] == last["driftloop_not_well", "far"] == 1
        assert last["driftloop_checks_total", "far", "needed_elsewhere"] == 1
        assert last["driftloop_checks_total", "made", "bootstrapped"] == 1
        served.process.send_signal(signal.SIGTERM)
        assert served.end() == 0
    finally:
        served.process.kill()
    assert "Traceback" not in "".join(served.log)
    ledger = Ledger(f"sqlite:///{served.home / 'ledger.db'}")
    checks = ledger.checks("far")
    assert [(check.champion_after, check.scored_by) for check in checks] == [("2", "8"), ("2", "8"), ("1", "7")]
    assert [event.payload["version"] for event in ledger.events("far", kinds=(Kind.PROMOTED,))] == ["2", "1"]
    assert ledger.checks("made")[0].champion_after == "1"
    events = emitted(served.home)
    promoted = [payload["version"] for name, payload in events if name == "driftloop.model.promoted"]
    assert promoted == ["1", "2"]
    assert [name for name, _ in events if name == "driftloop.check.finished"] == ["driftloop.check.finished"] * 3
    (needed,) = [payload for name, payload in events if name == "driftloop.retrain.needed"]
    assert (needed["scored_by"], needed["champion"], needed["decision"]) == ("8", "2", "retrain")
