"""Errors of the source and its rows."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Literal

from driftloop.monitoring.errors.base import DriftloopError, listed, suggestion


class SourceMissing(DriftloopError):
    """The source cannot be found: a path, a table or a server. A retry may help."""

    def __init__(self, where: str, why: str, remedy: str) -> None:
        super().__init__(f"{where}: {why}", expected="a readable file, glob, URL or table", remedy=remedy)


class FileNotShared(DriftloopError):
    """A worker of an engine does not have a file that this machine has."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name}: no such file on a worker of the engine",
            expected="files that every worker has at the same path, or an URL that every worker reaches (s3://...)",
            remedy="mount the folder on all workers, move the files to an object store, or remove `engine`",
        )


class BadData(DriftloopError):
    """The source exists, but its content cannot be used. Becomes the outcome `bad_data`."""

    code = "bad_data"
    column: str | None = None


class SourceUnreadable(BadData):
    """A truncated file, a broken line, a wrong encoding."""

    code = "unreadable_source"

    def __init__(self, where: str, why: str, remedy: str | None = None, encoding: str | None = None) -> None:
        """`encoding` is the likely one of text that is not in UTF-8."""
        self.encoding = encoding
        super().__init__(
            f"{where}: cannot be read: {why}",
            expected="complete files in the format of source.format or of their ending, in UTF-8 or source.encoding",
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
            remedy="restore the column, or correct its name in the config." + suggestion(lost[0], there),
        )


class MissingFeatures(MissingColumns):
    """The source lacks features that both the champion and the config name."""

    def __init__(self, where: str, lost: Iterable[str], there: Iterable[str], *, version: str, file: str) -> None:
        super().__init__(where, lost, there)
        named = (
            f"{self.where}: no column {listed(self.lost)}, which the config and the champion (version {version}) name"
        )
        remedy = (
            f"restore the column; if it was removed on purpose, remove or rename it in {file}: the next check then "
            f"requests a retrain, and `driftloop retrain {file}` starts it now.{suggestion(self.lost[0], self.there)}"
        )
        DriftloopError.__init__(self, named, expected=self.expected, remedy=remedy)


class ChampionOutgrown(MissingColumns):
    """The source lacks features of the champion that the config no longer names."""

    def __init__(self, where: str, lost: Iterable[str], there: Iterable[str], *, version: str, file: str) -> None:
        super().__init__(where, lost, there)
        found = f"{where}: no column {listed(self.lost)}: the champion (version {version}) was trained with it"
        remedy = (
            f"`driftloop retrain {file}` trains a challenger with the features of the config, which does not name it"
        )
        DriftloopError.__init__(self, found, expected="the features of the champion", remedy=remedy)


class DuplicateColumns(BadData):
    """A name of two columns, neither of which can be chosen."""

    code = "duplicate_column"

    def __init__(self, where: str, twice: Iterable[str]) -> None:
        twice = list(twice)
        self.column = twice[0] if len(twice) == 1 else None
        super().__init__(
            f"{where}: more than one column has the name {listed(twice)}",
            expected="every column of the config exactly once",
            remedy="rename or drop one of them in the source",
        )


class NamesDiffer(BadData):
    """A column whose name differs between files in its case only: it may be one column or two."""

    code = "duplicate_column"

    def __init__(self, where: str, found: str, expected: str) -> None:
        self.column = expected
        super().__init__(
            f"{where}: its column is called {found!r}; other files call it {expected!r}",
            expected="the same name for a column in all files",
            remedy="rename the column in this file",
        )


class KeysDiffer(BadData):
    """The keys of rows and labels, or predictions, hold values that can never be equal, such as numbers and text."""

    code = "key_types_differ"

    def __init__(
        self,
        rows: str,
        id_: str,
        row_holds: str,
        labels: str,
        key: str,
        label_holds: str,
        quoted: str,
        *,
        joined: Literal["labels.key", "predictions.id"] = "labels.key",
    ) -> None:
        self.column, self.joined = id_, joined
        kind = {"whole numbers": "BIGINT", "numbers": "DOUBLE PRECISION"}.get(label_holds, "VARCHAR")
        cast = json.dumps(f"CAST({quoted} AS {kind})")
        derived = f"columns: {{id: [{id_}_key], derived: {{{id_}_key: {cast}}}}}"
        super().__init__(
            f"columns.id {id_!r} holds {row_holds} ({rows}), {joined} {key!r} holds {label_holds} ({labels}): no row "
            f"can find its {'label' if joined == 'labels.key' else 'prediction'}",
            expected=f"the same kind of values in columns.id and {joined}",
            remedy=f"write both in the same type, or derive one that fits, for example: {derived}",
        )


class MissingLabelColumns(MissingColumns):
    """The table of labels lacks columns that the config names."""

    def __init__(self, where: str, lost: Iterable[str], there: Iterable[str]) -> None:
        super().__init__(where, lost, there)
        found = f"{where}: the table of labels has no column {listed(self.lost)}"
        remedy = f"correct labels.key, labels.time or labels.target.{suggestion(self.lost[0], self.there)}"
        DriftloopError.__init__(self, found, expected=f"columns of that table: {listed(self.there, 20)}", remedy=remedy)


class MissingPredictionColumns(MissingColumns):
    """The table of predictions lacks columns that the config names."""

    def __init__(self, where: str, lost: Iterable[str], there: Iterable[str]) -> None:
        super().__init__(where, lost, there)
        found = f"{where}: the table of predictions has no column {listed(self.lost)}"
        remedy = f"correct the columns under predictions.{suggestion(self.lost[0], self.there)}"
        DriftloopError.__init__(self, found, expected=f"columns of that table: {listed(self.there, 20)}", remedy=remedy)


class NotATime(BadData):
    """The time column does not hold times."""

    code = "not_a_time"

    def __init__(self, where: str, column: str, found: str, form: str | None = None, section: str = "columns") -> None:
        """`form` is the format of `strptime` that reads an example, `section` the block of the config with the time."""
        self.column, self.section = column, section
        self._given = (where, column, found, form)
        named = '"' + column.replace('"', '""') + '"'
        written = (form or "%d.%m.%Y %H:%M").replace("'", "''")
        how = f"strptime({named}, '{written}')" if "text" in found else f"to_timestamp({named} / 1000)"
        super().__init__(
            f"{where}: the time column {column!r} holds {found}",
            expected="timestamps, dates, or ISO 8601 text such as 2026-01-31T12:00:00",
            remedy=f"name another time column, or derive it: {section}: {{time: t, derived: {{t: {json.dumps(how)}}}}}",
        )

    def of(self, section: str) -> NotATime:
        """Return the same error for the time of another block of the config."""
        return NotATime(*self._given, section=section)


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
    """A column of the config has no drift score."""

    def __init__(self, columns: Iterable[str]) -> None:
        super().__init__(
            f"no drift score for {listed(columns)}",
            expected="a finite score for every configured column",
            remedy="report this with the column's type and a few values; meanwhile set its method in drift.columns",
        )
