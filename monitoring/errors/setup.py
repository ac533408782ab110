"""Errors of the setup: the model file, its expressions and secrets, the state folder, servers."""

from __future__ import annotations

from collections.abc import Iterable

from driftloop.monitoring.errors.base import DriftloopError, listed, suggestion


class ConfigError(DriftloopError):
    """The YAML of a model is not usable. Exit code 2."""

    def __init__(self, file: str, key: str, found: str, *, expected: str, remedy: str) -> None:
        super().__init__(f"{file}: {key}: {found}" if key else f"{file}: {found}", expected=expected, remedy=remedy)


class UnknownModel(DriftloopError):
    """A name or path without a model file. Exit code 2."""

    def __init__(self, name: str, known: Iterable[str] = ()) -> None:
        known = list(known)
        expected = f"one of {listed(known)}" if known else "the path of a YAML file that `driftloop init` wrote"
        super().__init__(
            f"there is no model file {name!r}", expected=expected, remedy="check the path." + suggestion(name, known)
        )


class UnknownLoss(DriftloopError):
    """A name of a loss, in a record or from a caller, that does not exist. There is no default."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        known = list(known)
        super().__init__(
            f"there is no loss {name!r}",
            expected=f"one of {listed(known, 20)}, with its parameters",
            remedy="correct the name; update driftloop if a newer version recorded it." + suggestion(name, known),
        )


class HomeUnusable(DriftloopError):
    """The state folder cannot be created or written to."""

    def __init__(self, place: str, why: str) -> None:
        super().__init__(
            f"the state folder {place} cannot be used: {why}",
            expected="a folder that this process may create and write to",
            remedy="set DRIFTLOOP_HOME to another folder, or correct the permissions of this one",
        )


class HomeMoved(DriftloopError):
    """The state folder was moved: MLflow's database contains the old path of every file."""

    def __init__(self, place: str, before: str) -> None:
        super().__init__(
            f"the state folder was moved from {before} to {place}, but MLflow's database contains the old paths",
            expected="the state folder where it was created",
            remedy=f"move it back to {before}, or create a link: ln -s '{place}' '{before}'",
        )


class HomeCopied(DriftloopError):
    """The state folder is a copy, and the original still exists: MLflow would write to the original."""

    def __init__(self, place: str, before: str) -> None:
        super().__init__(
            f"the state folder {place} is a copy of {before}: MLflow's database contains the paths of the original and "
            "would write to them",
            expected="the state folder where it was created, or an empty one",
            remedy=f"set DRIFTLOOP_HOME={before}, or to a new folder; to use the copy, move the original away and "
            f"create a link: ln -s '{place}' '{before}'",
        )


class ExtraMissing(DriftloopError):
    """Something needs a package of an extra that is not installed. Exit code 2."""

    what = "package"

    def __init__(self, where: str, module: str, extra: str) -> None:
        super().__init__(
            f"{where} needs the {self.what} {module}, which is not installed",
            expected=f"driftloop with the extra {extra!r}, which contains the {self.what}",
            remedy=f"pip install '.[{extra}]' in the checkout of driftloop",
        )


class DriverMissing(ExtraMissing):
    """The driver of a database is not installed."""

    what = "driver"


class SecretMissing(DriftloopError):
    """`${NAME}` in a config without such an environment variable."""

    def __init__(self, key: str, variable: str) -> None:
        super().__init__(
            f"{key} needs the environment variable {variable}, which is not set",
            expected=f"{variable} in the environment of the process that runs the check",
            remedy=f"export {variable}=..., or set a default in the config: ${{{variable}:-value}}",
        )


class TimeOutOfRange(DriftloopError):
    """A window that would begin before the year 1. Exit code 2."""

    def __init__(self, moment: object, length: object) -> None:
        super().__init__(
            f"a window of {length} before {moment} would begin before the year 1",
            expected="a later time, or a shorter window",
            remedy="correct --now, or the span in the config (windows.current, training.window, columns.label_delay)",
        )


class NothingToCompare(DriftloopError):
    """Two windows or versions that cannot be compared. Exit code 2."""

    def __init__(self, found: str, expected: str, remedy: str) -> None:
        super().__init__(found, expected=expected, remedy=remedy)


class BadExpression(DriftloopError):
    """An SQL expression of the config (a derived column or the filter) cannot be used. Exit code 2."""

    def __init__(self, key: str, expression: str, why: str) -> None:
        self.key, self.expression, self.why = key, expression, why
        super().__init__(
            f"{key}: {expression!r}: {why}",
            expected="one SQL expression over the source's columns, in the dialect of its engine (DuckDB for files)",
            remedy="test the expression with SELECT in a shell of the engine",
        )


class ServerMissing(DriftloopError):
    """Deployments need a Prefect server, but none is set, or it does not answer."""

    def __init__(self, found: str) -> None:
        super().__init__(
            found,
            expected="PREFECT_API_URL: the API of a running Prefect server, such as http://127.0.0.1:4200/api",
            remedy="start one with `prefect server start` and set PREFECT_API_URL to it; without a server, "
            "`driftloop serve` runs the schedules",
        )


class WorkerUnready(DriftloopError):
    """A worker without a place for its state: it would write into a temporary folder."""

    def __init__(self, lacking: Iterable[str]) -> None:
        super().__init__(
            f"this worker has no place for its state: {listed(lacking)} not set",
            expected="DRIFTLOOP_HOME, or both MLFLOW_TRACKING_URI and DRIFTLOOP_LEDGER_URL, in its environment",
            remedy="set the same values as for all other workers, and restart the worker",
        )


class PoolUnfit(DriftloopError):
    """A work pool that `driftloop worker` cannot serve: it does not exist, or its runs need other infrastructure."""

    def __init__(self, name: str, kind: str | None) -> None:
        super().__init__(
            f"the Prefect server has no work pool {name!r}"
            if kind is None
            else f"work pool {name!r} is of type {kind}",
            expected="a pool of type process",
            remedy=f"create it with `driftloop deploy CONFIG --pool {name}`"
            if kind is None
            else f"serve it with `prefect worker start --pool {name}`, or deploy to another pool (`--pool`)",
        )
