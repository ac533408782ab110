"""Recommendation of one action after a rise of the loss, from its causes and the cures that were measured. Pure."""

from __future__ import annotations

from driftloop.monitoring.records import Advice, ArchiveScores, Causes, Cure, Probe, Split, WindowAdvice, figure

ENOUGH = 0.5  # part of the changed relation that a cheap cure has to win back


def recommend(
    causes: Causes,
    *,
    archive: ArchiveScores | None = None,
    probe: Probe | None = None,
    window: WindowAdvice | None = None,
) -> Advice | None:
    """Return the one action to recommend, with the number behind it; None where the causes are not known.

    A broken column is fixed first: any other cure would learn from it. Harder rows are left: no model is expected to
    do better on them, as far as the relation is the same. Where the relation changed, the cheapest cure is recommended
    that wins back at least half of that: switching back and recalibrating cost next to nothing. Otherwise a
    retrain, on another window if a backtest has shown that it loses less; a probe that gained nothing speaks
    against it.
    """
    whole = causes.split
    if whole is None or causes.cause is None:
        return None
    cures = _cures(causes, archive, probe, window)
    if causes.cause == "broken_column":
        column = causes.broken[0]
        message = f"{column.message}; that alone raises the loss by {column.rise}, of {figure(whole.rise.value)} in all"
        return Advice(action="fix_data", number=column.rise.value, message=message, cures=cures)
    if causes.cause in ("harder_rows", "unclear"):
        return _leave(whole, unclear=causes.cause == "unclear", cures=cures)
    return _of_changed(causes, whole, probe, cures)


def _leave(whole: Split, *, unclear: bool, cures: tuple[Cure, ...]) -> Advice:
    rise = figure(whole.rise.value)
    message = f"{figure(whole.harder.value)} of the rise of {rise} comes from harder rows, which a retrain would not "
    message += f"change; the relation to the target accounts for {whole.changed}"
    if unclear:
        message = f"the rise of {rise} cannot be attributed: harder rows {whole.harder}, changed relation "
        message += f"{whole.changed}; more labeled rows narrow the intervals"
    return Advice(action="leave", number=whole.harder.value, message=message, cures=cures)


def _of_changed(causes: Causes, whole: Split, probe: Probe | None, cures: tuple[Cure, ...]) -> Advice:
    """Return the cheapest cure of a changed relation that wins back enough of it, otherwise a retrain."""
    least = ENOUGH * max(whole.changed.value, probe.gap if probe is not None else 0.0)
    cheap = [cure for cure in cures if cure.action in ("switch_back", "recalibrate") and cure.gain >= least]
    other = next((cure for cure in cures if cure.action == "retrain_other_window"), None)
    best = max(cheap, key=lambda cure: cure.gain, default=None)
    if best is None and probe is not None and probe.gap <= 0:
        message = f"the relation to the target accounts for {whole.changed}, but the probe gained nothing by a retrain "
        message += f"({figure(probe.gap)})"
        return Advice(action="leave", number=probe.gap, message=message, cures=cures)
    chosen = best if best is not None else other
    if chosen is not None:
        return Advice(action=chosen.action, number=chosen.gain, message=chosen.message, cures=cures)
    message = f"the relation to the target changed: {whole.changed}"
    if causes.cause == "segment" and causes.segment is not None:
        message = f"the relation to the target changed in one segment: {causes.segment.sentence()}"
    message += ", the most that a new model can gain" if probe is None else f"; a probe gained {figure(probe.gap)}"
    number = whole.changed.value if probe is None else probe.gap
    return Advice(action="retrain", number=number, message=message, cures=cures)


def _cures(
    causes: Causes, archive: ArchiveScores | None, probe: Probe | None, window: WindowAdvice | None
) -> tuple[Cure, ...]:
    found = []
    lead = archive.lead if archive is not None else None
    if lead is not None:
        message = f"version {lead.version} loses {figure(lead.difference)} less on the same rows"
        message += f" (standard error {figure(lead.error)})"
        found.append(Cure(action="switch_back", gain=lead.difference, message=message))
    if causes.recalibration is not None:
        found.append(causes.recalibration)
    if probe is not None:
        message = f"a probe gained {figure(probe.gap)} on {probe.rows:,} held-out rows"
        found.append(Cure(action="retrain", gain=probe.gap, message=message))
    if window is not None:
        message = f"in the backtest {window.sentence()}"
        found.append(Cure(action="retrain_other_window", gain=window.saved, low=window.least, message=message))
    return tuple(found)
