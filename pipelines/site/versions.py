"""Versions next to each other: what each learned from and with, its importances, and its losses, some on equal rows.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from driftloop.monitoring.errors import listed
from driftloop.monitoring.presentation.markup import number
from driftloop.monitoring.records import DASH, Check
from driftloop.pipelines.site.history import Lineage, ModelHistory

# Versions next to each other, and features whose importance is shown.
MOST, MOST_FEATURES = 4, 5
Row = tuple[str, tuple[str, ...]]


@dataclass(frozen=True)
class Comparison:
    """Versions by number, the oldest first, the one that serves, and their values: title, one value per version."""

    numbers: tuple[str, ...]
    champion: str
    rows: tuple[Row, ...]


def comparison(history: ModelHistory) -> Comparison | None:
    """Compare the champion with up to three other versions (`compared_numbers`); None without another one."""
    champion = history.champion
    numbers = compared_numbers(history)
    if champion is None or len(numbers) < 2:
        return None
    known = {version.number: version for version in history.versions}
    versions = [known[each] for each in numbers]
    values = [_values(history, version) for version in versions]
    rows = [*_same_rows(history, numbers), *_table(values), *_training(versions), *_importances(versions)]
    return Comparison(tuple(numbers), champion, tuple(rows))


def compared_numbers(history: ModelHistory) -> list[str]:
    """Return the champion, and of the others the version before it, those with an alias, and the last that served."""
    known = [version.number for version in history.versions]
    aliased = sorted((one for one in history.versions if one.alias), key=lambda one: one.alias != "previous")
    served = [check.champion for check in reversed(history.checks) if check.champion]
    wanted = dict.fromkeys([history.champion, *(one.number for one in aliased), *served])
    found = [each for each in wanted if each in known][:MOST] if history.champion in known else []
    return sorted((each for each in found if each is not None), key=lambda each: (len(each), each))


def _table(values: Sequence[Mapping[str, str]]) -> list[Row]:
    titles = dict.fromkeys(title for each in values for title in each)
    return [(title, tuple(each.get(title, DASH) for each in values)) for title in titles]


def _same_rows(history: ModelHistory, numbers: Sequence[str]) -> list[Row]:
    """Return losses of several versions on equal rows: at the gates, and in the newest check that scored others."""
    rows = []
    for request in reversed(history.requests):
        end, before = request.retrain, request.champion
        if end is None or end.version not in numbers or before not in numbers:
            continue
        losses = {before: end.champion_loss, end.version: end.challenger_loss}
        rows.append((f"Loss on the same rows, gate of version {end.version}", _losses(losses, numbers)))
    for check in reversed(history.checks):
        scores: dict[str | None, float | None] = {}
        scores |= {one.version: one.loss for one in check.archive.scores} if check.archive else {}
        if check.archive and len(scores.keys() & set(numbers)) > 1:
            rows.append((f"Loss on the same rows, {check.archive.window}", _losses(scores, numbers)))
            break
    return rows[-3:]


def _losses(losses: Mapping[str | None, float | None], numbers: Iterable[str]) -> tuple[str, ...]:
    return tuple(number(losses.get(each)) for each in numbers)


def _training(versions: Sequence[Lineage]) -> list[Row]:
    """Return the settings and features in which the versions differ."""
    titles = sorted({key for one in versions for key in one.settings})
    rows = [(title, tuple(one.settings.get(title, DASH) for one in versions)) for title in titles]
    different = [(f"Training: {title}", values) for title, values in rows if len(set(values)) > 1]
    shared = set(versions[0].features).intersection(*(one.features for one in versions))
    if any(set(one.features) != shared for one in versions):
        own = (listed(sorted(set(one.features) - shared), 6) for one in versions)
        different.append(("Features that not all have", tuple(each or "none" for each in own)))
    return different


def _importances(versions: Sequence[Lineage]) -> list[Row]:
    """Return the importance of the features that are most important in any of the versions."""
    names = {name for one in versions for name in one.importance}
    peaks = {name: max(one.importance.get(name, 0.0) for one in versions) for name in names}
    top = sorted(peaks, key=lambda name: (-peaks[name], name))[:MOST_FEATURES]
    shares = [(name, [one.importance.get(name) for one in versions]) for name in top]
    return [
        (f"Importance of {name}", tuple(DASH if each is None else f"{each:.0%}" for each in values))
        for name, values in shares
    ]


def _values(history: ModelHistory, version: Lineage) -> dict[str, str]:
    """Return the values of one version, by their titles."""
    checks = [check for check in history.checks if check.champion == version.number]
    losses = [check.performance for check in checks if check.performance]
    shares = [check.drift_share for check in checks if check.drift_share is not None]
    gates = [one.retrain for one in history.requests if one.retrain and one.retrain.version == version.number]
    gate = next((end.challenger_loss for end in gates if end.challenger_loss is not None), None)
    spans = version.trained_on
    values = {
        "Learned from": f"{min(w.start for w in spans):%Y-%m-%d} to {max(w.end for w in spans):%Y-%m-%d}"
        if spans
        else DASH,
        "Training rows": f"{version.rows:,}" if version.rows else DASH,
        "Loss at the gate": number(gate) if gate is not None else DASH,
        "Checks": f"{len(checks):,}" if checks else "none yet",
    }
    if losses:
        mean = sum(each.loss * each.rows for each in losses) / sum(each.rows for each in losses)
        values["Loss while it served"] = f"{losses[-1].title} {number(mean)}"
        values["Lowest and highest loss"] = (
            f"{number(min(each.loss for each in losses))} to {number(max(each.loss for each in losses))}"
        )
    if shares:
        values["Drifted features, on average"] = f"{sum(shares) / len(shares):.0%}"
    return values | _metrics(checks)


def _metrics(checks: Sequence[Check]) -> dict[str, str]:
    """Return the metrics of the newest check that has any."""
    newest = next((check.metrics for check in reversed(checks) if check.metrics), ())
    return {f"{each.metric}, last check": number(each.value) for each in newest if each.value is not None}
