"""Errors of the source and its rows."""

from __future__ import annotations

import json
from collections.abc import Iterable

from driftloop.monitoring.errors.base import DriftloopError, listed, suggestion


class SourceMissing(DriftloopError):
    """Nothing to read where the config points: a path, a table or a server. A retry may help."""

    def __init__(self, where: str, why: str, remedy: str) -> None:
        super().__init__(f"{where}: {why}", expected="a readable file, glob, URL or table", remedy=remedy)


class BadData(DriftloopError):
    """The source is there but its content cannot be used. Becomes the outcome `bad_data`."""

    code = "bad_data"
    column: str | None = None


class SourceUnreadable(BadData):
    """A truncated file, a broken line, a wrong encoding."""

    code = "unreadable_source"

    def __init__(self, where: str, why: str, remedy: str | None = None) -> None:
        super().__init__(
            f"{where}: cannot be read: {why}",
            expected="complete files of the format that source.format or their ending names, text in UTF-8",
            remedy=remedy or "write the file again (to a temporary name, then rename), and run the check again",
        )


class MissingColumns(BadData):
    """The source lacks columns that the config names."""

    code = "lost_column"

    def __init__(self, where: str, lost: Iterable[str], there: Iterable[str]) -> None:
        lost, there = list(lost), list(there)
        self.where, self.lost, self.there = where, tuple(lost), tuple(there)
        self.column = lost[0] if len(lost) == 1 else None
        super().__init__(
            f"{where}: no column {listed(lost)}",
            expected=f"the columns of the config; the source has {listed(there, 20)}",
            remedy="bring the column back, or correct its name in the config." + suggestion(lost[0], there),
        )


class MissingFeatures(MissingColumns):
    """The source lacks features that both the champion and the config name."""

    def __init__(self, where: str, lost: Iterable[str], there: Iterable[str], *, version: str, file: str) -> None:
        super().__init__(where, lost, there)
        named = (
            f"{self.where}: no column {listed(self.lost)}, which the config and the champion (version {version}) name"
        )
        remedy = (
            f"bring the column back; if it is gone for good, remove or rename it in {file}: the next check then asks "
            f"for a retrain, and `driftloop retrain {file}` makes one at once.{suggestion(self.lost[0], self.there)}"
        )
        DriftloopError.__init__(self, named, expected=self.expected, remedy=remedy)


class ChampionOutgrown(MissingColumns):
    """The source lacks features that the champion was trained with and that the config has moved on from."""

    def __init__(self, where: str, lost: Iterable[str], there: Iterable[str], *, version: str, file: str) -> None:
        super().__init__(where, lost, there)
        found = f"{where}: no column {listed(self.lost)}: the champion (version {version}) was trained with it"
        remedy = (
            f"`driftloop retrain {file}` trains a challenger with the features of the config, where it is not named"
        )
        DriftloopError.__init__(self, found, expected="the features of the champion", remedy=remedy)


class DuplicateColumns(BadData):
    """A name that stands for two columns: neither can be chosen."""

    code = "duplicate_column"

    def __init__(self, where: str, twice: Iterable[str]) -> None:
        twice = list(twice)
        self.column = twice[0] if len(twice) == 1 else None
        super().__init__(
            f"{where}: more than one column is called {listed(twice)}",
            expected="every column of the config once",
            remedy="rename or drop one of them in the source",
        )


class NamesDiffer(BadData):
    """A column whose name differs between files in nothing but its case: one column or two cannot be told."""

    code = "duplicate_column"

    def __init__(self, where: str, found: str, wanted: str) -> None:
        self.column = wanted
        super().__init__(
            f"{where}: its column is called {found!r}, in other files it is {wanted!r}",
            expected="one name for a column in all files",
            remedy="rename it in the file",
        )


class NotATime(BadData):
    """The time column holds something else."""

    code = "not_a_time"

    def __init__(self, where: str, column: str, found: str) -> None:
        self.column = column
        named = '"' + column.replace('"', '""') + '"'
        how = f"strptime({named}, '%d.%m.%Y %H:%M')" if "text" in found else f"to_timestamp({named} / 1000)"
        super().__init__(
            f"{where}: the time column {column!r} holds {found}",
            expected="timestamps, dates, or ISO 8601 text such as 2026-01-31T12:00:00",
            remedy=f"name another time column, or derive it: columns: {{time: t, derived: {{t: {json.dumps(how)}}}}}",
        )


class TypeMisfit(BadData):
    """A type of the config for a column that has another type in the source."""

    def __init__(self, where: str, column: str, kind: str, there: str) -> None:
        self.column = column
        super().__init__(
            f"{where}: {column} has the type {there}, and columns.types has it as {kind}",
            expected="columns.types only for text, or the type that the column has",
            remedy=f"remove columns.types.{column}, or cast in columns.derived",
        )


class Unscored(DriftloopError):
    """A column was to be judged and came back without a score. Never passes silently."""

    def __init__(self, columns: Iterable[str]) -> None:
        super().__init__(
            f"no drift score came back for {listed(columns)}",
            expected="a finite score for every configured column",
            remedy="report this with the column's type and a few values; meanwhile set its method in drift.columns",
        )
