"""Losses of several versions on the same labeled rows, collected in the pass that scores the champion."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.errors import DriftloopError
from driftloop.monitoring.ledger import digest
from driftloop.monitoring.losses import Loss
from driftloop.monitoring.losses.performance import waves
from driftloop.monitoring.records import ArchiveScore, ArchiveScores, Reference, Window, changed
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
LEAST_ROWS = 30


@dataclass(frozen=True)
class Watch:
    """Former champions to score, with their references, on rows of a window that no version was trained on.

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


@dataclass
class Comparison:
    """Losses of all versions on the same rows, collected in the pass that scores the champion."""

    config: Project
    watch: Watch
    scorers: tuple[tuple[Version, Reference, Scorer], ...]
    losses: list[Floats] = field(default_factory=list)
    sizes: list[Floats] = field(default_factory=list)
    weights: list[Floats] = field(default_factory=list)
    moments: list[NDArray[np.datetime64]] = field(default_factory=list)

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

    def score(self, rows: pd.DataFrame, predicted: Floats, classes: tuple[str, ...]) -> Any:
        """Return the losses on some of the labeled rows, one column per version, the champion's first."""
        time, target, loss = self.config.columns.time, self.config.columns.target, self.config.loss
        known = inside(rows[time], self.watch.window) & labelled_rows(rows, self.config.columns)
        places = np.flatnonzero(known)[:: self.watch.stride]
        some = rows.iloc[places]
        labels = some[target].to_numpy()
        made = [loss.rows(labels, predicted[places], classes)]
        for _, reference, scorer in self.scorers if len(places) else ():
            made.append(loss.rows(labels, scorer.predict(as_known(some, reference)), classes))
        made += [np.empty(0)] * (1 + len(self.scorers) - len(made))
        size = np.asarray(labels, dtype=np.float64) if loss.relative else np.empty(0)
        weights = weights_of(some, self.config.columns)
        by = np.empty(0) if weights is None else weights
        return np.stack(made, axis=1), size, by, some[time].dt.tz_convert(None).to_numpy()

    def add(self, part: Any) -> None:
        """Add the losses of more rows."""
        losses, size, weights, moments = part
        self.losses.append(losses)
        self.sizes.append(size)
        self.weights.append(weights)
        self.moments.append(moments)

    def scores(self) -> ArchiveScores | None:
        """Return the mean losses with their waves, in order of time; None with too few rows."""
        losses, moments = np.concatenate(self.losses), np.concatenate(self.moments)
        weights = scaled(np.concatenate(self.weights))
        if (len(losses) if weights is None else effective_rows(weights)) < LEAST_ROWS:
            return None
        order = np.argsort(moments, kind="stable")
        sizes = np.concatenate(self.sizes)
        losses = np.stack([self.config.loss.whole(column, sizes, weights) for column in losses.T], axis=1)
        losses = losses[order]
        finite = np.isfinite(losses).all(axis=0)
        slow = waves(np.where(finite, losses, 0.0))
        numbers = [self.watch.champion.number, *(version.number for version, _, _ in self.scorers)]

        def staked(at: int) -> dict[str, tuple[float, ...]]:
            if numbers[at] != self.watch.previous:
                return {}
            with np.errstate(invalid="ignore"):
                return _bets(losses[:, 0] - losses[:, at], self.watch)

        scores = tuple(
            ArchiveScore(
                version=number, loss=float(losses[:, at].mean()), waves=tuple(slow[:, at].tolist()), **staked(at)
            )
            for at, number in enumerate(numbers)
        )
        return ArchiveScores(
            window=self.watch.window,
            rows=len(losses),
            newest=self.watch.newest,
            scores=scores,
            loss_name=self.config.loss.name,
            weight=self.config.columns.weight,
        )


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
