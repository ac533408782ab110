"""A comparison of two versions as text: one sentence, and the sections that terminal and page show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from driftloop.monitoring.errors import listed
from driftloop.monitoring.presentation.markup import number
from driftloop.monitoring.records import DASH, Window
from driftloop.pipelines.operations.version_comparison import Difference, VersionComparison, VersionSide
from driftloop.pipelines.runtime.tables import Column, Row, Screen, drawn, wrapped

# Features whose importance is shown, the most important in either version first.
MOST_FEATURES = 20
VERDICTS = {True: ("good", "better"), False: ("warn", "worse"), None: ("quiet", "within chance")}


class Line(NamedTuple):
    """A line of a section: its name, the values of both versions, and their difference with the interval."""

    name: str
    first: str
    second: str
    difference: str = ""
    better: bool | None = None
    judged: bool = False


class Section(NamedTuple):
    """A title, a remark and lines."""

    title: str
    remark: str
    lines: Sequence[Line]


def sentence(found: VersionComparison) -> str:
    """Return which version loses less on the same rows, by how much, and whether that is significant."""
    first, second, difference = found.first, found.second, found.difference
    rows = f"on {found.rows:,} labeled rows from {_span(found.window)} that neither has learned from"
    losses = f"{found.loss_name} {number(second.loss)}, version {first.version} {number(first.loss)}"
    if difference.change is None:
        return f"version {second.version} {losses} {rows}; the difference is not finite"
    verdict = {
        True: f"is significantly better than version {first.version}",
        False: f"is significantly worse than version {first.version}",
        None: f"is not significantly different from version {first.version}",
    }[difference.better]
    return f"version {second.version} {verdict}: {losses}, {change(difference, first.loss)} {rows}"


def change(difference: Difference, loss: float) -> str:
    """Return the difference in percent of the first version's loss with its interval, or in units of a loss of zero.

    >>> change(Difference(change=-1.0, low=-1.5, high=-0.5), 10.0), change(Difference(change=0.25), 0.0)
    ('-10.0% (95% CI -15.0% to -5.0%)', '+0.25')
    """
    if difference.change is None:
        return DASH

    def show(value: float) -> str:
        return f"{value / loss:+.1%}" if loss > 0 else f"{value:+.3g}"

    if difference.low is None or difference.high is None:
        return show(difference.change)
    return f"{show(difference.change)} (95% CI {show(difference.low)} to {show(difference.high)})"


def sections(found: VersionComparison) -> list[Section]:
    """Return what differs, one section each; without the sections that have no line."""
    first, second = found.first, found.second
    relative = f"loss of version {second.version} relative to the other"
    remark = f"{found.rows:,} labeled rows from {_span(found.window)}; {relative}"
    names = dict.fromkeys([*first.importance, *second.importance])
    peaks = sorted(names, key=lambda name: (-max(_share(first, name), _share(second, name)), name))
    shares = [Line(name, _percent(first, name), _percent(second, name)) for name in peaks[:MOST_FEATURES]]
    more = f"share of the whole; the highest {MOST_FEATURES} of {len(peaks)}" if len(peaks) > MOST_FEATURES else ""
    made = [
        Section("Losses on the same rows", remark, _losses(found)),
        Section("Slices", found.loss_name, _slices(found)),
        Section("Training", "settings that differ, and what each has learned from", _training(first, second)),
        Section("Importance of features", more or "share of the whole", shares),
    ]
    return [each for each in made if each.lines]


def as_table(found: VersionComparison, on: Screen) -> str:
    """Return the comparison for a terminal of any width."""
    titles = [
        f"version {side.version}" + (f" ({side.alias})" if side.alias else "") for side in (found.first, found.second)
    ]
    lines = wrapped(f"{found.model}: {sentence(found)}", on)
    for section in sections(found):
        columns = [Column(section.title.lower()), *(Column(title) for title in titles)]
        differs = any(line.difference for line in section.lines)
        columns += [Column("difference")] if differs else []
        rows = []
        for line in section.lines:
            text = line.difference + (f" {VERDICTS[line.better][1]}" if line.judged else "")
            cells = [line.name, line.first, line.second, *([text] if differs else [])]
            rows.append(Row(cells, "bold" if line.better is not None else ""))
        lines += ["", *drawn(columns, rows, on)]
    notes = [line for note in found.notes for line in wrapped(f"note: {note}", on)]
    return "\n".join([*lines, *([""] if notes else []), *notes])


def _losses(found: VersionComparison) -> list[Line]:
    first, second = found.first, found.second
    losses = Line(
        found.loss_name,
        number(first.loss),
        number(second.loss),
        change(found.difference, first.loss),
        found.difference.better,
        found.difference.low is not None,
    )
    values = {metric.metric: metric.value for metric in second.metrics}
    return [losses, *(Line(one.metric, number(one.value), number(values.get(one.metric))) for one in first.metrics)]


def _slices(found: VersionComparison) -> list[Line]:
    return [
        Line(
            f"{one.name} ({one.rows:,} rows)",
            number(one.losses[0]),
            number(one.losses[1]),
            change(one.difference, one.losses[0]),
            one.difference.better,
            one.difference.low is not None,
        )
        for one in found.slices
    ]


def _training(first: VersionSide, second: VersionSide) -> list[Line]:
    """Return what both have learned from, their references, and the settings and features that differ."""
    facts = [_facts(each) for each in (first, second)]
    lines = [Line(title, value, facts[1][title]) for title, value in facts[0].items()]
    titles = sorted({*first.settings, *second.settings})
    pairs = [(title, first.settings.get(title, DASH), second.settings.get(title, DASH)) for title in titles]
    lines += [Line(*pair) for pair in pairs if pair[1] != pair[2]]
    own = [listed(sorted({*a.features} - {*b.features}), 12) for a, b in ((first, second), (second, first))]
    if {*first.features} != {*second.features}:
        lines.append(Line("features that the other does not have", own[0] or "none", own[1] or "none"))
    return lines


def _facts(side: VersionSide) -> dict[str, str]:
    return {
        "learned from": _spans(side.trained_on),
        "rows": DASH if side.trained_rows is None else f"{side.trained_rows:,}",
        "reference window": _span(side.reference),
        "loss at training": f"{side.reference_loss_name} {number(side.reference_loss)}",
    }


def _spans(spans: Sequence[Window]) -> str:
    if not spans:
        return "not known"
    return _span(Window(start=min(one.start for one in spans), end=max(one.end for one in spans)))


def _span(window: Window) -> str:
    """Format both ends to the minute.

    >>> from datetime import datetime
    >>> _span(Window(start=datetime(2026, 1, 5), end=datetime(2026, 3, 4, 23, 30, 0, 1)))
    '2026-01-05 00:00 to 2026-03-04 23:30'
    """
    return f"{window.start:%Y-%m-%d %H:%M} to {window.end:%Y-%m-%d %H:%M}"


def _share(side: VersionSide, name: str) -> float:
    return side.importance.get(name, 0.0)


def _percent(side: VersionSide, name: str) -> str:
    return f"{side.importance[name]:.0%}" if name in side.importance else DASH
