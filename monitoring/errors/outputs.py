"""Errors of the outputs of `driftloop predict --out`."""

from __future__ import annotations

from collections.abc import Iterable

from driftloop.monitoring.errors.base import DriftloopError


class OutputUnusable(DriftloopError):
    """Predictions cannot be written to the folder or table that was named."""

    def __init__(self, where: str, why: str, *, expected: str, remedy: str) -> None:
        super().__init__(f"{where}: {why}", expected=expected, remedy=remedy)


class OutputBusy(OutputUnusable):
    """Another process writes to the output."""

    def __init__(self, where: str) -> None:
        super().__init__(
            where,
            "another process writes to it",
            expected="one process per output at a time",
            remedy="wait for it to end, or name another output with --out",
        )


class OutputHasOther(OutputUnusable):
    """The output has predictions by another version in the span."""

    def __init__(self, where: str, span: str, versions: Iterable[str], champion: str) -> None:
        super().__init__(
            where,
            f"has predictions by version {', '.join(versions)} for {span}",
            expected=f"predictions by version {champion}, the champion, or none in this span",
            remedy=f"add --replace to have them replaced by version {champion}, or name another output with --out",
        )


class OutputOverlaps(OutputUnusable):
    """A part of the output that is to be replaced is only partly in the span."""

    def __init__(self, where: str, part: str, span: str) -> None:
        super().__init__(
            where,
            f"its predictions for {part} were written together, and {span} has only some of them",
            expected="a span that has all of them or none",
            remedy="move --from or --to to the start or end of that span",
        )


class OutputDiffers(OutputUnusable):
    """The output belongs to another model, or has other columns."""

    def __init__(self, where: str, what: str, there: str, here: str) -> None:
        super().__init__(
            where,
            f"was written with {what} {there}",
            expected=f"an output with {what} {here}",
            remedy="name another output with --out",
        )
