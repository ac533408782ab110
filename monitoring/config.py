"""The monitoring half of a model's YAML. Keys equal field names, unknown keys are refused."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from driftloop.monitoring.counting import DIALECTS
from driftloop.monitoring.drift.settings import Drift, refuse_short, validate_method
from driftloop.monitoring.errors import BadExpression, ValidationProblem, listed, suggestion
from driftloop.monitoring.losses import AnyLoss, Loss, chosen, default, fitting
from driftloop.monitoring.metrics import DEFAULTS, AnyMetric, Metric, distinct
from driftloop.monitoring.metrics import fitting as fitting_metrics
from driftloop.monitoring.metrics import named as metric_named
from driftloop.monitoring.quality.settings import Preflight
from driftloop.monitoring.records import Kind
from driftloop.monitoring.settings.columns import PREDICTION, Columns
from driftloop.monitoring.settings.fairness import Fairness, refuse_other_task
from driftloop.monitoring.settings.labels import Labels
from driftloop.monitoring.settings.predictions import Predictions, refuse_unfit
from driftloop.monitoring.settings.reading import Reading
from driftloop.monitoring.settings.section import Section
from driftloop.monitoring.settings.slices import Slices, check_names, refuse_unreadable
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.settings.windows import Windows
from driftloop.monitoring.slices.conditions import read_by
from driftloop.monitoring.sources.engines import dialect_of, of_source
from driftloop.monitoring.tasks import TASKS, Task, TaskType


class Monitored(Section):
    """What monitoring must know of a model. The whole file, with training, gate and schedule, is `Project`."""

    model: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]{0,99}$", description="name of the model in registry and ledger"
    )
    task: Task = Field(description="a number (regression), one of two classes (binary), or one of several (multiclass)")
    source: Source = Field(description="source of the rows; see `source`")
    columns: Columns = Field(description="meaning of the columns; see `columns`")
    labels: Labels | None = Field(None, description="table of the labels, if they are not among the rows; see `labels`")
    windows: Windows = Field(Windows(), description="lengths of the windows; see `windows`")
    preflight: Preflight = Field(Preflight(), description="limits of the data quality checks; see `preflight`")
    drift: Drift = Field(Drift(), description="drift methods and thresholds; see `drift`")
    performance: Annotated[AnyLoss | None, BeforeValidator(chosen)] = Field(
        None, description="loss function; mae for regression and log_loss for classes if not given"
    )

    metrics: tuple[AnyMetric, ...] | None = Field(
        None,
        description="metrics to show next to the loss, by name or as `{metric: precision, threshold: 0.3}`; those of "
        "the task if not given",
    )

    @model_validator(mode="after")
    def _metrics_fit(self) -> Self:
        for place, metric in enumerate(self.metrics or ()):
            self.fitting_metric(metric, f"metrics[{place}]")
        return self

    def fitting_metric(self, metric: Metric, key: str) -> None:
        """Refuse a metric that does not fit the task."""
        if metric.fits(self.task):
            return
        one_kind = self.task in metric.tasks
        raise ValidationProblem(
            f"{metric.metric} without threshold"
            if one_kind
            else f"a metric that fits task {self.task}: one of {listed(fitting_metrics(self.task), 20)}",
            key=key,
            found=repr(metric.name),
            remedy="a threshold needs two classes (task: binary)" if one_kind else None,
        )

    @property
    def measured(self) -> tuple[Metric, ...]:
        """The metrics that a check measures."""
        if self.metrics is not None:
            return distinct(self.metrics)
        return tuple(metric_named(name) for name in DEFAULTS[self.task])

    predictions: Predictions = Field(
        Predictions(), description="log of the predictions, or the table of a model elsewhere; see `predictions`"
    )
    slices: Slices = Field((), description="parts of the rows whose loss is judged on its own; see `slices`")

    fairness: Fairness | None = Field(None, description="rates of groups and their largest gap; see `fairness`")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.model == "Default":
            # MLflow keeps the files of its own experiment of that name outside the state folder.
            raise ValidationProblem(
                "any other name", key="model", found="'Default', which is an experiment of MLflow's own"
            )
        if self.task not in self.loss.tasks:
            raise ValidationProblem(
                f"a loss that fits task {self.task}: one of {listed(fitting(self.task))}",
                key="performance.loss",
                found=repr(self.loss.loss),
            )
        if self.columns.types and not of_source(self.source).text_types:
            raise ValidationProblem(
                "types only for the text of files and of DuckDB tables",
                key="columns.types",
                found="types for a table whose columns have types",
                remedy="remove them, or cast in columns.derived",
            )
        judged = {*self.columns.features, self.columns.target, PREDICTION}
        for name in sorted(set(self.drift.columns) - judged):
            raise ValidationProblem(
                f"a feature, the target or {PREDICTION!r}",
                key=f"drift.columns.{name}",
                found="no such column",
                remedy="correct the name, or add the column to columns." + suggestion(name, judged),
            )
        return self

    @model_validator(mode="after")
    def _counts_there(self) -> Self:
        if self.source.profile == "database" and (engine := dialect_of(self.source)) not in DIALECTS:
            raise ValidationProblem(
                f"auto or stream; these databases can count: {listed(DIALECTS, 20)}",
                key="source.profile",
                found=f"'database' for a table of {engine}",
                remedy="remove it: this engine's rows are read, and counted by driftloop",
            )
        return self

    @model_validator(mode="after")
    def _labels_fit(self) -> Self:
        if self.labels is None:
            return self
        columns, key = self.columns, self.labels.key
        if len(columns.id) != len(key):
            found = f"{len(columns.id)} under columns.id, {len(key)} under labels.key"
            raise ValidationProblem(
                "as many columns under labels.key as under columns.id, in the same order",
                key="labels.key" if columns.id else "columns.id",
                found=found if columns.id else "no column",
                remedy=f"name the columns of the rows that hold what {listed(key)} holds in the labels",
            )
        if columns.target in columns.derived or columns.target in columns.types:
            place = "derived" if columns.target in columns.derived else "types"
            raise ValidationProblem(
                "a target that is read from the table of labels as it is",
                key=f"columns.{place}.{columns.target}",
                found="an expression over the rows" if place == "derived" else "the type of a column of the rows",
                remedy="remove it; what the labels need is done in their table, or in a view of it",
            )
        return self

    @model_validator(mode="after")
    def _predictions_fit(self) -> Self:
        if self.predictions.source is not None:
            hard = self.loss.needs_probabilities
            refuse_unfit(self.predictions, self.columns, self.task, self.loss.loss, needs_probabilities=hard)
        return self

    @model_validator(mode="after")
    def _slices_fit(self) -> Self:
        check_names(self.slices, self.columns)
        if self.fairness is not None:
            check_names(self.fairness.by, self.columns, "fairness.by")
            refuse_other_task(self.fairness, self.task)
        for at, each in enumerate(self.slices):
            if each.where is None:
                continue
            try:
                names = read_by(each)
            except BadExpression as error:
                expected = "one SQL condition over one row"
                raise ValidationProblem(expected, key=f"slices[{at}].where", found=error.found) from None
            refuse_unreadable(names, self.columns, f"slices[{at}].where")
        return self

    @model_validator(mode="after")
    def _methods_known(self) -> Self:
        if self.drift.reference is not None:
            refuse_short(self.drift.reference.same_period, self.windows.current)
        validate_method("drift.numeric", "", "numeric", self.drift.numeric, self.drift)
        validate_method("drift.categorical", "", "categorical", self.drift.categorical, self.drift)
        for name, own in self.drift.columns.items():
            validate_method(f"drift.columns.{name}", name, self.kind(name), own, self.drift)
        return self

    @property
    def loss(self) -> Loss:
        """The loss that counts for this model."""
        return self.performance or default(self.task)

    @property
    def type(self) -> TaskType:
        """What follows from the task."""
        return TASKS[self.task]

    @property
    def elsewhere(self) -> bool:
        """Whether the model is elsewhere: its predictions are read from a table, and never made."""
        return self.predictions.source is not None

    @property
    def reading(self) -> Reading:
        """How the source is to be read: the columns, the type of the target, which the task implies, and the labels."""
        target, types = self.columns.target, self.columns.types
        if target not in types and target not in self.columns.derived:
            types = {**types, target: self.type.reads}
        elsewhere = self.predictions if self.elsewhere else None
        return Reading.of(self.columns, types, self.labels, elsewhere)

    def kind(self, column: str) -> Kind:
        """How a column is scored. The prediction is a number, save for many classes: then the likeliest class."""
        if (kind := self.columns.kinds.get(column)) is not None:
            return kind
        return self.type.prediction if column == PREDICTION else self.type.target
