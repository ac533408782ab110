"""Losses of several versions on the same labeled rows, collected in the pass that scores the champion.

The prediction of trees takes most of the time, so each model is scored on a sample of the rows first. Only the version
that leads, and one that is watched, are scored on all of them: the difference on the sample is unbiased, with a larger
standard error, and no version leads a window by the sample alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.archive import Scored, leader, leads
from driftloop.monitoring.errors import DriftloopError
from driftloop.monitoring.ledger import digest
from driftloop.monitoring.losses import Loss
from driftloop.monitoring.losses.performance import waves
from driftloop.monitoring.records import ArchiveScore, ArchiveScores, Reference, Window, changed
from driftloop.monitoring.rows.canonical import plain
from driftloop.monitoring.rows.weights import effective_rows, scaled, weights_of
from driftloop.monitoring.rows.weights import labelled as labelled_rows
from driftloop.monitoring.sequential import bets
from driftloop.monitoring.windows import inside
from driftloop.pipelines import registry
from driftloop.pipelines.config.as_trained import as_known
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.registry import Version
from driftloop.pipelines.training.scorer import Scorer

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
# Rows that every model is scored on, spread evenly over the rows of the comparison.
SAMPLE = 2_000
LEAST_ROWS = 30


@dataclass(frozen=True)
class Watch:
    """Archived models to score, with their references, on rows of a window that no version was trained on.

    `previous` is the version before a promotion that is watched, or a challenger in shadow, which has a `margin` in
    units of the loss; `scale` is the size at which its differences are clipped. `loss` is that of the comparison, if it
    is not the champion's.
    """

    versions: tuple[tuple[Version, Reference], ...]
    champion: Version
    window: Window
    newest: str
    stride: int = 1
    previous: str | None = None
    scale: float = 1.0
    margin: float | None = None
    loss: Loss | None = None

    @property
    def key(self) -> str:
        """Return what the scores depend on besides the champion and the rows."""
        models = [version.model_id for version, _ in self.versions]
        other = [self.previous] if self.previous else []
        other += [str(self.margin), str(self.loss)] if self.margin is not None else []
        return digest(models, self.window, self.stride, *other)


@dataclass(frozen=True)
class Watches:
    """What is scored next to the champion: the archive, with a watched promotion, and a challenger in shadow."""

    archive: Watch | None = None
    shadow: Watch | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """Return what the scores depend on besides the champion and the rows."""
        return tuple(watch.key for watch in (self.archive, self.shadow) if watch is not None)


class Part(NamedTuple):
    """Some of the labeled rows, and the champion's loss on each of them, shape (n,)."""

    rows: pd.DataFrame
    losses: Floats


@dataclass
class Comparison:
    """Rows to compare the models on, collected in the pass that scores the champion.

    A copy in a worker of an engine picks rows and has no models: a worker may not have the library of an adopted one.
    """

    config: Project
    watch: Watch
    scorers: tuple[tuple[Version, Reference, Scorer], ...]
    parts: list[Part] = field(default_factory=list)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "scorers": (), "parts": []}

    @classmethod
    def of(cls, config: Project, found: Watch | None, champion: Scorer) -> Comparison | None:
        """Load the models; one with other classes, or with damaged files, is left out."""
        if found is None:
            return None
        scorers = []
        for version, reference in found.versions:
            try:
                scorer = registry.scorer(version, config.training)
            except DriftloopError:
                continue
            if scorer.classes == champion.classes:
                scorers.append((version, reference, scorer))
        config = changed(config, performance=found.loss) if found.loss is not None else config
        return cls(config, found, tuple(scorers)) if scorers else None

    def score(self, rows: pd.DataFrame, predicted: Floats, classes: tuple[str, ...]) -> Part:
        """Return some of the labeled rows with the champion's losses."""
        time, target = self.config.columns.time, self.config.columns.target
        known = inside(rows[time], self.watch.window) & labelled_rows(rows, self.config.columns)
        places = np.flatnonzero(known)[:: self.watch.stride]
        some = plain(rows.iloc[places])
        return Part(some, self.config.loss.rows(some[target].to_numpy(), predicted[places], classes))

    def add(self, part: Part) -> None:
        """Add more rows."""
        if len(part.rows):
            self.parts.append(part)

    def scores(self) -> ArchiveScores | None:
        """Return the mean losses with their waves, over the rows in order of time; None with too few rows."""
        if not self.parts:
            return None
        rows = pd.concat([part.rows for part in self.parts], ignore_index=True)
        weights = weights_of(rows, self.config.columns)
        if (len(rows) if weights is None else effective_rows(weights)) < LEAST_ROWS:
            return None
        order = np.argsort(rows[self.config.columns.time].dt.tz_convert(None).to_numpy(), kind="stable")
        champion = np.concatenate([part.losses for part in self.parts])[order]
        table = _Table(self.config, rows.iloc[order].reset_index(drop=True), champion)
        own = self.watch.champion.number
        found = {own: table.champion_score(own)}
        losses = {version.number: _Losses(table, reference, scorer) for version, reference, scorer in self.scorers}
        for number, each in losses.items():
            found[number] = table.score(number, each.on(table.whole if number == self.watch.previous else table.sample))
        while (best := _leader(found, own)) is not None and found[best].rows is not None:
            found[best] = table.score(best, losses[best].on(table.whole))
        if self.watch.previous in losses:
            found[self.watch.previous] = self._staked(table, found[self.watch.previous], losses[self.watch.previous])
        return ArchiveScores(
            window=self.watch.window,
            rows=len(rows),
            newest=self.watch.newest,
            scores=tuple(found.values()),
            loss_name=self.config.loss.name,
            weight=self.config.columns.weight,
        )

    def _staked(self, table: _Table, score: ArchiveScore, losses: _Losses) -> ArchiveScore:
        """Return the score of a version that is watched with the bets against the champion."""
        with np.errstate(invalid="ignore"):
            return changed(score, **_bets(table.differences(losses.on(table.whole)), self.watch))


@dataclass
class Comparisons:
    """The comparison with the archive and that with a challenger in shadow, each if there is one."""

    archive: Comparison | None
    shadow: Comparison | None

    @classmethod
    def of(cls, config: Project, watches: Watches, champion: Scorer) -> Comparisons:
        """Load the models of both."""
        return cls(*(Comparison.of(config, watch, champion) for watch in (watches.archive, watches.shadow)))

    def score(self, rows: pd.DataFrame, predicted: Floats, classes: tuple[str, ...]) -> list[Any]:
        """Return the losses of each on some of the rows."""
        return [one.score(rows, predicted, classes) for one in (self.archive, self.shadow) if one is not None]

    def add(self, parts: list[Any]) -> None:
        """Add the losses of more rows, as `score` returned them."""
        known = [one for one in (self.archive, self.shadow) if one is not None]
        for one, part in zip(known, parts, strict=True):
            one.add(part)

    def scores(self) -> dict[str, Any]:
        """Return the scores of each by its name; None with too few rows, or without a comparison."""
        known = {"archive": self.archive, "shadow": self.shadow}
        return {name: one.scores() if one is not None else None for name, one in known.items()}


def _bets(lower: Floats, watch: Watch) -> dict[str, tuple[float, ...]]:
    """Return the bets on differences of the champion's loss minus the other version's, shape (n,)."""
    better = {"bets": bets(lower, watch.scale)}
    if watch.margin is None:
        return better
    return better | {"within": bets(lower + watch.margin, watch.scale), "worse": bets(-lower, watch.scale)}


def _leader(found: dict[str, ArchiveScore], champion: str) -> str | None:
    """Return the version that leads on these rows alone."""
    return leader(leads([{number: Scored(one.loss, one.waves) for number, one in found.items()}], champion))


class _Table:
    """Rows of a comparison in order of time, with the champion's losses; `sample` are the places of some of them."""

    def __init__(self, config: Project, rows: pd.DataFrame, champion: Floats) -> None:
        self.config, self.rows = config, rows
        self.target = rows[config.columns.target].to_numpy()
        self.weights = weights_of(rows, config.columns)
        self.champion = champion
        self.whole: Places = np.arange(len(rows))
        self.sample: Places = self.whole[:: max(1, -(-len(rows) // SAMPLE))]
        self._read: dict[tuple[object, ...], pd.DataFrame] = {}

    def read(self, places: Places, reference: Reference) -> pd.DataFrame:
        """Return rows as a model with this reference reads them; once for all models that read them alike."""
        columns = ((each.name, each.kind, reference.source_types.get(each.name)) for each in reference.columns)
        key = (places.tobytes(), *columns)
        if key not in self._read:
            self._read[key] = as_known(self.rows.iloc[places], reference)
        return self._read[key]

    def champion_score(self, number: str) -> ArchiveScore:
        """Return the champion's mean loss on all rows with its waves."""
        self.losses = self._values(self.champion, self.whole)
        self.loss, self.waves = float(self.losses.mean()), waves(_finite(self.losses))
        return ArchiveScore(version=number, loss=self.loss, waves=tuple(self.waves.tolist()))

    def differences(self, lost: tuple[Places, Floats]) -> Floats:
        """Return values whose mean is the champion's loss minus a model's, on the places it was scored on."""
        places, losses = lost
        return self._values(self.champion[places], places) - self._values(losses, places)

    def score(self, number: str, lost: tuple[Places, Floats]) -> ArchiveScore:
        """Return a model's score: the champion's on all rows, less the paired difference on the model's."""
        ahead = self.differences(lost)
        some = None if len(ahead) == len(self.rows) else len(ahead)
        if not np.isfinite(ahead).all():
            loss = float(self._values(lost[1], lost[0]).mean())
            return ArchiveScore(version=number, loss=loss, waves=tuple(self.waves.tolist()), rows=some)
        slow = self.waves - waves(ahead)
        return ArchiveScore(version=number, loss=self.loss - float(ahead.mean()), waves=tuple(slow.tolist()), rows=some)

    def _values(self, losses: Floats, places: Places) -> Floats:
        weights = None if self.weights is None else scaled(self.weights[places])
        return self.config.loss.whole(losses, self.target[places], weights)


class _Losses:
    """Losses of a model on rows of a table, each row predicted once."""

    def __init__(self, table: _Table, reference: Reference, scorer: Scorer) -> None:
        self.table, self.reference, self.scorer = table, reference, scorer
        self.known = np.full(len(table.rows), np.nan)
        self.done = np.zeros(len(table.rows), dtype=bool)

    def on(self, places: Places) -> tuple[Places, Floats]:
        """Return these places, and the losses there, shape (n,)."""
        missing = places[~self.done[places]]
        if len(missing):
            rows, loss = self.table.read(missing, self.reference), self.table.config.loss
            made = loss.rows(self.table.target[missing], self.scorer.predict(rows), self.scorer.classes)
            self.known[missing], self.done[missing] = made, True
        return places, self.known[places]


def _finite(losses: Floats) -> Floats:
    return losses if np.isfinite(losses).all() else np.zeros_like(losses)
