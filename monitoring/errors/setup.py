"""Errors of what a person sets up: the model file, its expressions and secrets, the state folder, the ledger."""

from __future__ import annotations

from collections.abc import Iterable

from driftloop.monitoring.errors.base import DriftloopError, listed, suggestion


class ConfigError(DriftloopError):
    """The YAML of a model is not usable. Exit code 2."""

    def __init__(self, file: str, key: str, found: str, *, expected: str, remedy: str) -> None:
        super().__init__(f"{file}: {key}: {found}" if key else f"{file}: {found}", expected=expected, remedy=remedy)


class UnknownModel(DriftloopError):
    """A name or path that leads to no model file. Exit code 2."""

    def __init__(self, name: str, known: Iterable[str] = ()) -> None:
        known = list(known)
        there = f"one of {listed(known)}" if known else "the path of a YAML file that `driftloop init` wrote"
        super().__init__(
            f"there is no model file {name!r}", expected=there, remedy="check the path." + suggestion(name, known)
        )


class UnknownLoss(DriftloopError):
    """A name of a loss, in a record or from a caller, that is not registered. It is never taken for another one."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        known = list(known)
        super().__init__(
            f"there is no loss {name!r}",
            expected=f"one of {listed(known, 20)}, with its parameters",
            remedy="correct the name; if a newer driftloop recorded it, update." + suggestion(name, known),
        )


class HomeUnusable(DriftloopError):
    """The state folder cannot be made or written to."""

    def __init__(self, place: str, why: str) -> None:
        super().__init__(
            f"the state folder {place} cannot be used: {why}",
            expected="a folder that this process may create and write to",
            remedy="set DRIFTLOOP_HOME to another folder, or mend the permissions of this one",
        )


class HomeMoved(DriftloopError):
    """The state folder was moved: MLflow has the old place of every file in its database."""

    def __init__(self, place: str, before: str) -> None:
        super().__init__(
            f"the state folder was moved from {before} to {place}: MLflow's database has its files at the old place",
            expected="the state folder at the place where it was made",
            remedy=f"move it back to {before}, or make a link there: ln -s '{place}' '{before}'",
        )


class HomeCopied(DriftloopError):
    """The state folder is a copy, and the original is still there: MLflow would write into that one."""

    def __init__(self, place: str, before: str) -> None:
        super().__init__(
            f"the state folder {place} is a copy of {before}: MLflow's database has its files there, and would go on "
            "writing them there",
            expected="the state folder at the place where it was made, or an empty one",
            remedy=f"set DRIFTLOOP_HOME={before}, or to a new folder; to go on with the copy, move the original away "
            f"and make a link in its place: ln -s '{place}' '{before}'",
        )


class DriverMissing(DriftloopError):
    """A database is named whose driver is not installed: it comes with an extra. Exit code 2."""

    def __init__(self, where: str, module: str, extra: str) -> None:
        super().__init__(
            f"{where} needs the driver {module}, which is not installed",
            expected=f"driftloop with the extra {extra!r}, which brings the driver",
            remedy=f"pip install 'driftloop[{extra}]'",
        )


class SecretMissing(DriftloopError):
    """`${NAME}` in a config, and no such environment variable."""

    def __init__(self, key: str, variable: str) -> None:
        super().__init__(
            f"{key} needs the environment variable {variable}, which is not set",
            expected=f"{variable} in the environment of the process that runs the check",
            remedy=f"export {variable}=..., or give a default in the config: ${{{variable}:-value}}",
        )


class TimeOutOfRange(DriftloopError):
    """A window that would begin before the calendar does. Exit code 2."""

    def __init__(self, moment: object, length: object) -> None:
        super().__init__(
            f"there is no window of {length} before {moment}",
            expected="a moment that lies at least that long after the year 1",
            remedy="correct --now, or the span in the config (windows.current, training.window, columns.label_delay)",
        )


class BadExpression(DriftloopError):
    """An SQL expression of the config (a derived column or the filter) is not usable. Exit code 2."""

    def __init__(self, key: str, expression: str, why: str) -> None:
        super().__init__(
            f"{key}: {expression!r}: {why}",
            expected="one SQL expression over the source's columns, in the dialect of its engine (DuckDB for files)",
            remedy="try the expression with SELECT in the engine's own shell",
        )


class ServerMissing(DriftloopError):
    """Deployments need a Prefect server, and none was named, or the one that was named does not answer."""

    def __init__(self, found: str) -> None:
        super().__init__(
            found,
            expected="PREFECT_API_URL: the API of a running Prefect server, such as http://127.0.0.1:4200/api",
            remedy="start one with `prefect server start` and set PREFECT_API_URL to it; without a server, "
            "`driftloop serve` keeps the schedules",
        )


class WorkerUnready(DriftloopError):
    """A worker that was not told where state lies: it would write into a folder that is thrown away."""

    def __init__(self, lacking: Iterable[str]) -> None:
        super().__init__(
            f"this worker was not told where state lies: {listed(lacking)} not set",
            expected="in its environment DRIFTLOOP_HOME, or both MLFLOW_TRACKING_URI and DRIFTLOOP_LEDGER_URL",
            remedy="set them as they are for all other workers, and start the worker again",
        )
