"""Findings about labels in a table of their own, and about the ids that join them to rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from driftloop.monitoring.errors import listed
from driftloop.monitoring.records import Finding, FindingCode
from driftloop.monitoring.settings.durations import format_duration
from driftloop.monitoring.sources import LabelCounts

if TYPE_CHECKING:
    from driftloop.monitoring.quality.settings import Inspected

ROW_WITHOUT_ID = FindingCode(
    name="row_without_id",
    severities=("warning",),
    meaning="rows have no value in one of the columns of `columns.id`",
    cause="the id is missing in the source",
    remedy="fill in the id; without it a row finds neither its label nor its logged prediction",
)
REPEATED_ID = FindingCode(
    name="repeated_id",
    severities=("warning",),
    meaning="several rows have the same id, so they share one label and one prediction",
    cause="rows were delivered more than once, or `columns.id` lacks a column",
    remedy="remove the repeated rows, or name all columns that make a row unique in `columns.id` and `labels.key`",
)
DISPUTED_LABEL = FindingCode(
    name="disputed_label",
    severities=("warning",),
    meaning="a key has several different labels and none of them is the newest, so none of them counts",
    cause="the table has no time (`labels.time`), or two labels became known at the same moment",
    remedy="name the column with the time of the labels in `labels.time`, or remove the wrong label",
)
REPEATED_LABEL = FindingCode(
    name="repeated_label",
    severities=("info",),
    meaning="a key has the same label more than once, in a table without a time",
    cause="labels were delivered more than once",
    remedy="nothing; the label counts",
)
LABEL_WITHOUT_ROW = FindingCode(
    name="label_without_row",
    severities=("warning",),
    meaning="labels have a key that no row of the source has",
    cause="rows are missing, the keys are spelled in another way, or the labels are of other rows",
    remedy="compare some values of `columns.id` and `labels.key`; the message has examples",
)
LABEL_WITHOUT_KEY = FindingCode(
    name="label_without_key",
    severities=("warning",),
    meaning="labels have no value in one of the columns of `labels.key`",
    cause="the key is missing in the table of labels",
    remedy="fill in the key; until then these labels count for no row",
)
FUTURE_LABEL = FindingCode(
    name="future_label",
    severities=("warning",),
    meaning="labels have a time after the time of the check",
    cause="a clock or time zone is wrong, or `labels.time` is not the time at which a label became known",
    remedy="check `labels.time`; the labels count once their time has come",
)
LABEL_BEFORE_ROW = FindingCode(
    name="label_before_row",
    severities=("warning",),
    meaning="labels became known before the time of their row",
    cause="`labels.time` is not the time at which a label became known, keys are used again, or a clock is wrong",
    remedy="check `labels.time` and the key; a label that is known before its row needs no prediction",
)
UNLABELED_ROWS = FindingCode(
    name="unlabeled_rows",
    severities=("info",),
    meaning="rows older than `columns.label_delay` have no label yet",
    cause="labels take longer than `columns.label_delay`, some rows never get one, or the keys do not match",
    remedy="deliver the labels, or set `columns.label_delay` to the 95th percentile of the observed delay",
)


@dataclass(frozen=True)
class Joined:
    """What was counted of rows and their labels; nothing of it grows with the rows.

    `rows` were read, `keyless` of them have no id, `repeated` have the id of another row, `disputed` and `several` have
    several labels that nothing orders: different ones, or the same one. `due` rows are older than the label delay,
    `unlabeled` of them have no label. `early` labels were known before their row. `examples` are ids by the name of a
    count.
    """

    rows: int = 0
    keyless: int = 0
    repeated: int = 0
    disputed: int = 0
    several: int = 0
    due: int = 0
    unlabeled: int = 0
    early: int = 0
    examples: Mapping[str, Sequence[str]] | None = None

    def shown(self, name: str) -> str:
        """Ids of a count as text, put after a number."""
        ids = (self.examples or {}).get(name, ())
        return f", such as {listed(ids)}" if ids else ""


def ids(joined: Joined, shared: str = "label") -> Iterator[Finding]:
    """Report rows without an id, and rows that share one, and with it what is joined by it."""
    if joined.keyless:
        message = f"{_rows(joined.keyless)} no id ({joined.keyless / joined.rows:.1%} of {joined.rows:,})"
        yield ROW_WITHOUT_ID.found(message, observed=float(joined.keyless), limit=0.0)
    if joined.repeated:
        message = f"{_rows(joined.repeated)} the id of another row{joined.shown('repeated')}: they share a {shared}"
        yield REPEATED_ID.found(message, observed=float(joined.repeated), limit=0.0)


def labels(joined: Joined, counts: LabelCounts, config: Inspected) -> Iterator[Finding]:
    """Report labels that cannot be used, and rows that have none when they should."""
    assert config.labels is not None
    if joined.disputed:
        why = "known since the same moment" if config.labels.time else "and no labels.time orders them"
        message = f"{_rows(joined.disputed)} two or more different labels, {why}{joined.shown('disputed')}: none counts"
        yield DISPUTED_LABEL.found(message, observed=float(joined.disputed), limit=0.0)
    if joined.several:
        message = f"{_rows(joined.several)} the same label more than once{joined.shown('several')}"
        yield REPEATED_LABEL.found(message, observed=float(joined.several))
    if counts.rowless:
        examples = f", such as {listed(counts.examples)}" if counts.examples else ""
        message = f"{counts.rowless:,} of {counts.known:,} new labels have a key that no row has{examples}"
        message += (
            joined.shown("ids").replace(", such as", "; ids of rows are") if counts.rowless == counts.known else ""
        )
        yield LABEL_WITHOUT_ROW.found(message, observed=float(counts.rowless), limit=0.0)
    if counts.keyless:
        message = f"{counts.keyless:,} labels have no value in {listed(config.labels.key)}; they count for no row"
        yield LABEL_WITHOUT_KEY.found(message, observed=float(counts.keyless), limit=0.0)
    if counts.future:
        message = f"{counts.future:,} labels have a time in the future ({config.labels.time}); they do not count yet"
        yield FUTURE_LABEL.found(message, observed=float(counts.future), limit=0.0)
    if joined.early:
        message = f"{_rows(joined.early)} a label that was known before the row{joined.shown('early')}"
        yield LABEL_BEFORE_ROW.found(message, observed=float(joined.early), limit=0.0)
    if joined.unlabeled:
        delay = format_duration(config.columns.label_delay)
        share = f"{joined.unlabeled / joined.due:.1%}"
        message = (
            f"{joined.unlabeled:,} of {joined.due:,} rows older than columns.label_delay ({delay}) have no label "
            f"({share}){joined.shown('unlabeled')}"
        )
        yield UNLABELED_ROWS.found(message, observed=float(joined.unlabeled), limit=0.0)


def _rows(count: int) -> str:
    return "1 row has" if count == 1 else f"{count:,} rows have"
