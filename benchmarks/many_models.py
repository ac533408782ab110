"""Seconds of `status`, `history`, `history()` and the site with many models and events; claims per second.

    python -m benchmarks.many_models [--models 1000] [--events 1000000] [--home FOLDER]
    python -m benchmarks.many_models --claims URL [--processes 1 4 16] [--seconds 5]

One model is trained and checked. Its checks, events, requests, versions and line of the site are then copied for all
models with other names, ids and times, so that each has the size of a real one: hourly checks, 2.9 events each. With
`--home` the copies are kept and used again. Each figure is the best of three calls in one process; a command includes
its start. `--claims` measures claims and events of the ledger at a URL by several processes. Prints Markdown.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks import memory

HOUR = timedelta(hours=1)
TEMPLATE = "memory"
OF_VERSIONS = ("registered_models", "model_versions", "model_version_tags", "registered_model_aliases")
CLAIMS = """
import sys, time
from datetime import UTC, datetime
from driftloop.monitoring.ledger import Ledger
url, nth, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
ledger = Ledger(url)
print("ready", flush=True)
sys.stdin.readline()
for what in ("claims", "events"):
    end, done = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        if what == "claims":
            with ledger.holding(f"model/{nth}-{done % 50}", waiting=None):
                pass
        else:
            ledger.note(f"m{nth}", "claimed", {"nth": done}, datetime.now(UTC))
        done += 1
    print(done / seconds, flush=True)
"""


def first_model(home: Path) -> None:
    """Train and check one model, so that its rows in the stores can be copied."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        memory.write(folder / "rows.parquet", memory.DAYS, memory.SMALL)
        config = memory.configure(folder, folder / "rows.parquet", {"windows.current": "7d"})
        memory.run(folder, "retrain", config)
        memory.run(folder, "check", config)


def copies(db: sqlite3.Connection, table: str, where: str) -> list[dict[str, Any]]:
    """Read the rows of the first model."""
    db.row_factory = sqlite3.Row
    return [dict(row) for row in db.execute(f"SELECT * FROM {table} WHERE {where} = ?", (TEMPLATE,))]


def insert(db: sqlite3.Connection, table: str, rows: Iterator[dict[str, Any]]) -> int:
    """Insert rows; their numbers are given by the database."""
    many, statement = 0, ""
    for row in rows:
        row.pop("number", None)
        if not statement:
            marks = ", ".join(f":{name}" for name in row)
            statement = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})"
        db.execute(statement, row)
        many += 1
    return many


def fill(home: Path, models: list[str], events: int) -> None:
    """Copy the first model's rows: to each model as many checks as its share of the events has."""
    with closing(sqlite3.connect(home / "ledger.db")) as db:
        check = copies(db, "checks", "model")[-1]
        about = [row for row in copies(db, "events", "model") if row["subject"] == check["check_id"]]
        request = copies(db, "requests", "model")[-1]
        old = datetime.fromisoformat(check["now"])
        first = datetime.fromisoformat(json.loads(check["body"])["window"]["start"])
        length = old - first
        a_model = max(events // len(models), 1)
        each = max(int(a_model / 2.9), 1)

        def made(row: dict[str, Any], model: str, check_id: str, moment: datetime) -> dict[str, Any]:
            texts = {check["check_id"]: check_id, f'"{TEMPLATE}"': f'"{model}"'}
            texts |= {old.isoformat(): moment.isoformat(), first.isoformat(): (moment - length).isoformat()}
            row = dict(row, model=model, now=moment.isoformat(timespec="microseconds"))
            for name in [name for name, value in row.items() if isinstance(value, str)]:
                for before, after in texts.items():
                    row[name] = row[name].replace(before, after)
            return row

        start = old - each * HOUR
        ids = {model: [uuid.uuid4().hex for _ in range(each)] for model in models}
        spans = [(nth, model, start + nth * HOUR) for nth in range(each) for model in models]
        db.execute("PRAGMA synchronous = OFF")
        insert(db, "checks", (made(check, model, ids[model][nth], now) for nth, model, now in spans))
        further = a_model / each - len(about)
        rows = (
            made(row, model, ids[model][nth], now)
            for nth, model, now in spans
            for row in [*about, *(about[:1] * (int((nth + 1) * further) - int(nth * further)))]
        )
        insert(db, "events", rows)
        hundredth = ((model, now) for nth, model, now in spans if nth % 100 == 0)
        insert(db, "requests", (dict(made(request, m, "", now), request_id=uuid.uuid4().hex) for m, now in hundredth))
        db.commit()
    with closing(sqlite3.connect(home / "mlflow.db")) as db:
        for table in OF_VERSIONS:
            known = copies(db, table, "name")
            insert(db, table, (dict(row, name=model) for model in models for row in known))
        db.commit()
    pages = home / "site" / "models"
    for model in models:
        for ending in ("html", "json"):
            text = (pages / f"{TEMPLATE}.{ending}").read_text("utf-8")
            (pages / f"{model}.{ending}").write_text(text.replace(TEMPLATE, model), "utf-8")


def best(call: Callable[[], Any], times: int = 3) -> tuple[float, float]:
    """Return the least seconds and the least CPU seconds of some calls, those of child processes included."""
    found = []
    for _ in range(times):
        begun, before = time.perf_counter(), os.times()
        call()
        after = os.times()
        found.append((time.perf_counter() - begun, sum(after[:4]) - sum(before[:4])))
    return min(seconds for seconds, _ in found), min(cpu for _, cpu in found)


def command(*words: str) -> Callable[[], Any]:
    """Return a call of a command in a fresh process."""
    line = [sys.executable, "-m", "driftloop.pipelines.cli", *words]
    return lambda: subprocess.run(line, capture_output=True, check=True)


def reads(model: str) -> dict[str, tuple[float, float]]:
    """Measure what people and checks read."""
    from driftloop.monitoring.ledger import Ledger
    from driftloop.pipelines import site
    from driftloop.pipelines.operations import functions
    from driftloop.pipelines.runtime import home

    home.prepare()
    now = datetime.now(UTC) + timedelta(days=365)
    with closing(Ledger(home.ledger_url())) as ledger:
        return {
            "`history()` that the policies of a check read": best(lambda: ledger.history(model, now)),
            "`status` of all models": best(functions.status),
            "`status` of one model": best(lambda: functions.status(model)),
            "`history` of one model, 50 events": best(lambda: functions.history(model)),
            "the site after a check of one model: its page and the index": best(lambda: site.rewrite(model, ledger)),
            "`driftloop status`": best(command("status")),
            "`driftloop history MODEL`": best(command("history", model)),
        }


def claims(url: str, processes: int, seconds: float) -> tuple[float, float]:
    """Return claims (with their release) and events per second of several processes together."""
    words = [sys.executable, "-c", CLAIMS, url]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    running = [subprocess.Popen([*words, str(nth), str(seconds)], **pipes) for nth in range(processes)]
    for one in running:
        assert one.stdout is not None
        one.stdout.readline()
    for one in running:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    found = [one.communicate()[0].split() for one in running]
    return sum(float(lines[0]) for lines in found), sum(float(lines[1]) for lines in found)


def main() -> None:
    """Fill the stores, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=1000)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--claims", metavar="URL")
    parser.add_argument("--processes", type=int, nargs="*", default=[1, 4, 16])
    parser.add_argument("--seconds", type=float, default=5.0)
    given = parser.parse_args()
    if given.claims:
        print("| processes | claims/s | events/s |\n|---|---|---|")
        for processes in given.processes:
            taken, noted = claims(given.claims, processes, given.seconds)
            print(f"| {processes} | {taken:,.0f} | {noted:,.0f} |", flush=True)
        return
    with tempfile.TemporaryDirectory() as scratch:
        home = given.home or Path(scratch) / "home"
        os.environ |= {"DRIFTLOOP_HOME": str(home), "DO_NOT_TRACK": "true"}
        models = [f"model_{nth:04d}" for nth in range(given.models)]
        if not (home / "filled.json").exists():
            first_model(home)
            fill(home, models, given.events)
            (home / "filled.json").write_text(json.dumps([given.models, given.events]))
        size = (home / "ledger.db").stat().st_size / 1e6
        print(f"{given.models:,} models, {given.events:,} events, ledger {size:,.0f} MB\n")
        print("| | s | CPU s |\n|---|---|---|")
        for what, (seconds, cpu) in reads(models[given.models // 2]).items():
            print(f"| {what} | {seconds:.2f} | {cpu:.2f} |", flush=True)


if __name__ == "__main__":
    main()
