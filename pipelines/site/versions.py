"""Comparison of the champion with the version before it: what each learned from and measured while it served. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from driftloop.monitoring.presentation.markup import DASH, number
from driftloop.monitoring.records import Check
from driftloop.pipelines.site.history import Lineage, ModelHistory


@dataclass(frozen=True)
class Comparison:
    """Two versions by number, the earlier one first, and their values: title, earlier, champion."""

    earlier: str
    champion: str
    rows: tuple[tuple[str, str, str], ...]


def comparison(history: ModelHistory) -> Comparison | None:
    """Compare the champion with the version that the alias `previous` names, otherwise with the last one before it.

    None without two versions that a check has judged or that the registry has.
    """
    known = {version.number: version for version in history.versions}
    champion, earlier = history.champion, _earlier(history)
    if champion is None or earlier is None or champion not in known or earlier not in known:
        return None
    numbers = (earlier, champion)
    values = [_values(history, known[each]) for each in numbers]
    titles = list(dict.fromkeys(title for each in values for title in each))
    rows = tuple((title, *(each.get(title, DASH) for each in values)) for title in titles)
    return Comparison(earlier, champion, tuple((title, before, now) for title, before, now in rows))


def _earlier(history: ModelHistory) -> str | None:
    named = next((version.number for version in history.versions if version.alias == "previous"), None)
    served = [check.champion for check in history.checks if check.champion not in {None, history.champion}]
    return named or (served[-1] if served else None)


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
