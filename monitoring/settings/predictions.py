"""Section `predictions` of a model's YAML: the log of the champion's predictions, or the table of a model elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Field, model_validator

from driftloop.monitoring.errors import ValidationProblem, listed
from driftloop.monitoring.settings.columns import Columns, ColumnType, Name, Names
from driftloop.monitoring.settings.labels import Labels
from driftloop.monitoring.settings.limits import LONGEST_PART, LONGEST_PATH, MOST_ROWS
from driftloop.monitoring.settings.section import Section
from driftloop.monitoring.settings.source import Source

# Columns of rows with predictions as the source gave them: the joined value, and whether the newest ones differ.
SCORED, UNDECIDED = "driftloop: scored", "driftloop: scores differ"
BETWEEN = "|"  # between the probabilities of several classes in one text
REQUIRED = ("id", "time")
OF_SOURCE = ("id", "time", "version", "prediction", "label", "types", "derived", "min_rows")


class PredictionSource(Source):
    """Table of the predictions of a model elsewhere: files (`path`) or a table of a database (`url` and `table`)."""

    section: ClassVar[str] = "predictions.source"


class PredictionTable(Labels):
    """The same table as it is joined to rows: its columns, and a condition over them."""

    section: ClassVar[str] = "predictions.source"

    filter: str | None = None


def _levels(value: Any) -> Any:
    """Levels as text: YAML reads `1` as a number and `true` as a boolean."""
    return {str(level): name for level, name in value.items()} if isinstance(value, dict) else value


class Predictions(Section):
    """Predictions of the champion, which checks use in place of scoring.

    Either `driftloop predict` writes them as parquet files (`path`), or a model elsewhere writes them into a table
    (`source`), with `training: none`. They are joined to the rows by id, the newest one of a version that was known at
    the time of the check.
    """

    path: str | None = Field(
        None,
        max_length=LONGEST_PATH,
        description="folder for parquet files; `predictions/MODEL` of the state folder if not given",
    )
    source: PredictionSource | None = Field(
        None, description="table of the predictions of a model elsewhere: `path`, or `url` and `table`, as in `source`"
    )
    id: Names = Field((), description="columns of that table with the values of `columns.id`, in the same order")
    time: Name | None = Field(None, description="column with the time at which a prediction was made")
    version: Name | None = Field(
        None, description="column with the version of the model; one version if the table has no such column"
    )
    prediction: Annotated[Name | dict[str, Name] | None, BeforeValidator(_levels)] = Field(
        None,
        description="column with the predicted number, or with the probability of the second of two classes in sorted "
        "order; `{class: column}` with the probabilities of all classes, or of one of two",
    )
    label: Name | None = Field(
        None, description="column with the predicted class, if the table has no probabilities; in place of `prediction`"
    )
    types: dict[Name, ColumnType] = Field(
        default_factory=dict, description="name: type of a column of that table, as in `columns.types`"
    )
    derived: dict[Name, Name] = Field(
        default_factory=dict, description="name: SQL expression over the columns of that table, in its dialect"
    )
    min_rows: int = Field(
        500,
        ge=2,
        le=MOST_ROWS,
        description="labeled rows that a version must have scored in `windows.reference_span` to become the champion",
    )

    @model_validator(mode="after")
    def _is_local(self) -> Self:
        if "://" in (self.path or ""):
            raise ValidationProblem(
                "a folder that this machine can write to",
                key="path",
                found="a URL",
                remedy="log to a local folder, and sync it to where it should be; a table that a model elsewhere "
                "writes is predictions.source",
            )
        if any(len(part.encode()) > LONGEST_PART for part in Path(self.path or "").parts):
            raise ValidationProblem(
                f"a folder whose names have at most {LONGEST_PART} bytes each", key="path", found="a longer name"
            )
        return self

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        given = [
            name
            for name in OF_SOURCE
            if getattr(self, name) != type(self).model_fields[name].get_default(call_default_factory=True)
        ]
        if self.source is None:
            if given:
                raise ValidationProblem(
                    "these keys only together with predictions.source",
                    key=given[0],
                    found=f"{listed(given)} without a source",
                    remedy="name the table of the predictions in predictions.source, or remove them",
                )
            return self
        if self.path is not None:
            raise ValidationProblem(
                "either path (a log that driftloop writes) or source (a table that a model elsewhere writes)",
                found="both path and source",
                remedy="keep one of the two",
            )
        lost = [name for name in REQUIRED if not getattr(self, name)]
        if lost:
            raise ValidationProblem(
                "the columns of the table: id and time, and prediction or label",
                key=lost[0],
                found="no column",
                remedy="name it" if lost[0] == "id" else "name the column with the time at which a row was scored",
            )
        if (self.prediction is None) == (self.label is None):
            raise ValidationProblem(
                "either prediction (a number or probabilities) or label (a class)",
                key="prediction",
                found="neither" if self.label is None else "both prediction and label",
                remedy="name the column with the predictions" if self.label is None else "keep prediction",
            )
        if isinstance(self.prediction, dict) and not self.prediction:
            raise ValidationProblem("a column for each class", key="prediction", found="no class")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that hold a prediction."""
        if self.label is not None:
            return (self.label,)
        if isinstance(self.prediction, dict):
            return tuple(self.prediction.values())
        return (self.prediction,) if self.prediction is not None else ()

    @property
    def levels(self) -> tuple[str, ...]:
        """The classes that have a column each; empty for a number, one probability or a label."""
        return tuple(self.prediction) if isinstance(self.prediction, dict) else ()


def refuse_unfit(
    predictions: Predictions, columns: Columns, task: str, loss: str, *, needs_probabilities: bool
) -> None:
    """Refuse a table of predictions that does not fit the columns, the task or the loss of a config."""
    if len(columns.id) != len(predictions.id):
        found = f"{len(columns.id)} under columns.id, {len(predictions.id)} under predictions.id"
        raise ValidationProblem(
            "as many columns under predictions.id as under columns.id, in the same order",
            key="predictions.id" if columns.id else "columns.id",
            found=found if columns.id else "no column",
            remedy=f"name the columns of the rows that hold what {listed(predictions.id)} holds in the predictions",
        )
    levels, key = predictions.levels, "predictions.prediction"
    if task == "regression":
        if levels or predictions.label is not None:
            raise ValidationProblem(
                "prediction: the column with the predicted number, since task is regression",
                key=key if levels else "predictions.label",
                found="a column for each class" if levels else "a class",
                remedy="name one column, or correct task",
            )
        return
    if task == "binary" and len(levels) > 2:
        raise ValidationProblem(
            "the columns of two classes, or one column, since task is binary",
            key=key,
            found=f"{len(levels)} classes: {listed(levels)}",
            remedy="correct it, or set task: multiclass",
        )
    if task == "multiclass" and predictions.label is None and len(levels) < 2:
        raise ValidationProblem(
            "{class: column} with the probability of each class, or label: the column with the class",
            key=key,
            found="one column" if levels or isinstance(predictions.prediction, str) else "no class",
            remedy="write one column for each class: prediction: {red: p_red, green: p_green, blue: p_blue}",
        )
    if predictions.label is not None and needs_probabilities:
        raise ValidationProblem(
            "a loss of classes, since predictions.label has no probabilities: one wrong label would count as infinite",
            key="performance.loss",
            found=repr(loss),
            remedy="set performance: {loss: error_rate}, or name the probabilities in predictions.prediction",
        )
