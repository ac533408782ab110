"""Every error of the product. Each takes ids and words itself: what was found, what was expected, what to do."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def listed(names: Iterable[object], most: int = 8) -> str:
    """Name a few things and count the rest.

    >>> listed(["a", "b"])
    "'a', 'b'"
    >>> listed(range(10), most=2)
    '0, 1 and 8 more'
    """
    names = list(names)
    shown = ", ".join(clipped(repr(name), 200) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def clipped(text: str, most: int = 60) -> str:
    """Shorten a text of the data, so that one long value does not bury the sentence around it.

    >>> clipped("abcdefgh", most=4)
    'abc…'
    """
    return text if len(text) <= most else text[: most - 1] + "…"


def meant(name: str, known: Iterable[str]) -> str:
    """Hint at the nearest known name, whatever its case, or at nothing.

    >>> meant("tresholds", ["threshold", "method"]), meant("PSI", ["psi"]), meant("x", ["psi"])
    (" Did you mean 'threshold'?", " Did you mean 'psi'?", '')
    """
    spelled = {one.lower(): one for one in known}
    near = get_close_matches(name.lower(), spelled, n=1)
    return f" Did you mean {spelled[near[0]]!r}?" if near else ""


class DriftloopError(Exception):
    """Base of all errors that driftloop raises on purpose."""

    def __init__(self, found: str, *, expected: str, remedy: str) -> None:
        super().__init__(found, expected, remedy)
        self.found, self.expected, self.remedy = found, expected, remedy

    def __str__(self) -> str:
        return f"{self.found}\n  expected: {self.expected}\n  remedy:   {self.remedy}"

    def __reduce__(self) -> tuple[object, ...]:
        # Subclasses take other arguments than the base, and some carry a code or a column of their own; all of it
        # must survive the trip through a result store.
        return (_rebuild, (type(self), self.found, self.expected, self.remedy), self.__dict__)


def _rebuild(kind: type[DriftloopError], found: str, expected: str, remedy: str) -> DriftloopError:
    error = kind.__new__(kind)
    DriftloopError.__init__(error, found, expected=expected, remedy=remedy)
    return error


class ConfigError(DriftloopError):
    """The YAML of a model is not usable. Exit code 2."""

    def __init__(self, file: str, key: str, found: str, *, expected: str, remedy: str) -> None:
        super().__init__(f"{file}: {key}: {found}" if key else f"{file}: {found}", expected=expected, remedy=remedy)


class Misfit(ValueError):
    """What a validator of a config section says: more than one sentence can. `load` makes a `ConfigError` of it.

    `found` is the value that was refused unless given; `key` is where it stands within the section.
    """

    def __init__(self, expected: str, *, found: str | None = None, key: str = "", remedy: str | None = None) -> None:
        super().__init__(": ".join(part for part in (key, found, f"expected {expected}") if part))
        self.expected, self.found, self.key, self.remedy = expected, found, key, remedy


class UnknownModel(DriftloopError):
    """A name or path that leads to no model file. Exit code 2."""

    def __init__(self, name: str, known: Iterable[str] = ()) -> None:
        known = list(known)
        there = f"one of {listed(known)}" if known else "the path of a YAML file that `driftloop init` wrote"
        super().__init__(
            f"there is no model file {name!r}", expected=there, remedy="check the path." + meant(name, known)
        )


class HomeUnusable(DriftloopError):
    """The state folder cannot be made or written to."""

    def __init__(self, place: str, why: str) -> None:
        super().__init__(
            f"the state folder {place} cannot be used: {why}",
            expected="a folder that this process may create and write to",
            remedy="set DRIFTLOOP_HOME to another folder, or mend the permissions of this one",
        )


class LedgerUnusable(DriftloopError):
    """The ledger's database cannot be opened."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(
            f"the ledger {url} cannot be opened: {why}",
            expected="an SQLAlchemy URL such as sqlite:////folder/ledger.db or postgresql+psycopg://user@host/database",
            remedy="check DRIFTLOOP_LEDGER_URL and the rights of this process; without it a SQLite file is used",
        )


class SecretMissing(DriftloopError):
    """`${NAME}` in a config, and no such environment variable."""

    def __init__(self, key: str, variable: str) -> None:
        super().__init__(
            f"{key} needs the environment variable {variable}, which is not set",
            expected=f"{variable} in the environment of the process that runs the check",
            remedy=f"export {variable}=..., or give a default in the config: ${{{variable}:-value}}",
        )


class BeyondTime(DriftloopError):
    """A window that would begin before the calendar does. Exit code 2."""

    def __init__(self, moment: object, length: object) -> None:
        super().__init__(
            f"there is no window of {length} before {moment}",
            expected="a moment that lies at least that long after the year 1",
            remedy="correct --now, or the span in the config (windows.current, training.window, columns.label_delay)",
        )


class SourceMissing(DriftloopError):
    """Nothing to read where the config points: a path, a table or a server. A retry may help."""

    def __init__(self, where: str, why: str, remedy: str) -> None:
        super().__init__(f"{where}: {why}", expected="a readable file, glob, URL or table", remedy=remedy)


class BadData(DriftloopError):
    """The source is there but its content cannot be used. Becomes the outcome `bad_data`."""

    code = "bad_data"
    column: str | None = None


class SourceUnreadable(BadData):
    """Truncated parquet, a CSV with broken lines, a wrong encoding."""

    code = "unreadable_source"

    def __init__(self, where: str, why: str) -> None:
        super().__init__(
            f"{where}: cannot be read: {why}",
            expected="complete parquet files, or CSV in UTF-8 with the same number of fields on every line",
            remedy="write the file again (to a temporary name, then rename), and run the check again",
        )


class ColumnsLost(BadData):
    """The source lacks columns that the config names."""

    code = "lost_column"

    def __init__(self, where: str, lost: Iterable[str], there: Iterable[str]) -> None:
        lost, there = list(lost), list(there)
        self.column = lost[0] if len(lost) == 1 else None
        super().__init__(
            f"{where}: no column {listed(lost)}",
            expected=f"the columns of the config; the source has {listed(there, 20)}",
            remedy="bring the column back, or correct its name in the config." + meant(lost[0], there),
        )


class ColumnsTwice(BadData):
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


class NotATime(BadData):
    """The time column holds something else."""

    code = "not_a_time"

    def __init__(self, where: str, column: str, found: str) -> None:
        self.column = column
        super().__init__(
            f"{where}: the time column {column!r} holds {found}",
            expected="timestamps, dates, or ISO 8601 text such as 2026-01-31T12:00:00",
            remedy="name another time column, or derive one: columns.derived: {ts: to_timestamp(epoch_seconds)}",
        )


class BadExpression(DriftloopError):
    """An SQL expression of the config (a derived column or the filter) is not usable. Exit code 2."""

    def __init__(self, key: str, expression: str, why: str) -> None:
        super().__init__(
            f"{key}: {expression!r}: {why}",
            expected="one SQL expression over the source's columns, in the dialect of its engine (DuckDB for files)",
            remedy="try the expression with SELECT in the engine's own shell",
        )


class Unscored(DriftloopError):
    """A column was to be judged and came back without a score. Never passes silently."""

    def __init__(self, columns: Iterable[str]) -> None:
        super().__init__(
            f"no drift score came back for {listed(columns)}",
            expected="a finite score for every configured column",
            remedy="report this with the column's type and a few values; meanwhile set its method in drift.columns",
        )


class NoChampion(DriftloopError):
    """The registry has no version behind the alias `champion`."""

    def __init__(self, model: str) -> None:
        super().__init__(
            f"{model} has no champion",
            expected="a version behind the alias 'champion'",
            remedy=f"`driftloop check` trains the first one; for an older version: set the alias of {model} in MLflow",
        )


class NothingToRollBack(DriftloopError):
    """`rollback` without a version behind the alias `previous`."""

    def __init__(self, model: str) -> None:
        super().__init__(
            f"{model} has no previous champion to go back to",
            expected="a version behind the alias 'previous', left there by a promotion",
            remedy="`driftloop status` shows the versions; retrain to make another one",
        )


class ForeignVersion(DriftloopError):
    """The alias was set by hand on a version that driftloop did not register."""

    def __init__(self, model: str, version: str) -> None:
        super().__init__(
            f"{model} version {version} was not registered by driftloop: it has no reference",
            expected="aliases on versions that a driftloop training registered",
            remedy="set the alias back in MLflow; or remove it, and the next check trains a first champion",
        )


class Tampered(DriftloopError):
    """A file of a model version is not the one that was registered."""

    def __init__(self, version: str, file: str) -> None:
        super().__init__(
            f"{version}: {file} is not the file that was registered (its sha256 differs)",
            expected="the artifact as it was written when the version was registered",
            remedy="restore the artifact store from a backup, or `driftloop rollback` to the previous champion",
        )


class LoadedDiffers(DriftloopError):
    """A version that was just registered predicts otherwise once it is loaded. It never becomes champion."""

    def __init__(self, version: str, rows: int, of: int) -> None:
        super().__init__(
            f"{version} predicts otherwise on {rows:,} of {of:,} rows after it was stored and loaded",
            expected="the same predictions before and after",
            remedy="the champion was left in place; if the estimator is your own, store all of its state",
        )


class Untrusted(DriftloopError):
    """A model that can only be stored by pickle, without leave to do so."""

    def __init__(self, what: str, types: Iterable[str]) -> None:
        super().__init__(
            f"{what} holds types that are not on the list of trusted types: {listed(types)}",
            expected="xgboost, or scikit-learn estimators made of trusted types",
            remedy="add them to training.trusted_types, or set training.allow_pickle: true (which runs code on load)",
        )


class TrainingImpossible(DriftloopError):
    """There is nothing to learn from: an early, typed end of a training, not a crash."""

    def __init__(self, code: str, found: str, *, expected: str, remedy: str) -> None:
        self.code = code
        super().__init__(found, expected=expected, remedy=remedy)


class EstimatorError(DriftloopError):
    """What `training.estimator` names cannot be found, fitted or read. Exit code 2."""

    def __init__(self, estimator: str, found: str, *, expected: str, remedy: str) -> None:
        super().__init__(f"training.estimator {estimator}: {found}", expected=expected, remedy=remedy)
