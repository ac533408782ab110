"""The monitoring half of a model's YAML. Keys equal field names, unknown keys are refused."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from driftloop.monitoring.drift.settings import Drift, settled
from driftloop.monitoring.errors import Misfit, listed, meant
from driftloop.monitoring.quality.settings import Preflight
from driftloop.monitoring.records import Kind, changed
from driftloop.monitoring.settings.columns import PREDICTION, Columns, ColumnType
from driftloop.monitoring.settings.section import Section
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.settings.windows import Windows
from driftloop.monitoring.sources.engines import of_source

Task = Literal["regression", "binary", "multiclass"]
LOSSES: dict[str, tuple[str, ...]] = {
    "regression": ("mae", "mse"),
    "binary": ("log_loss", "brier", "error_rate"),
    "multiclass": ("log_loss", "brier", "error_rate"),
}


class PerformanceSettings(Section):
    """The loss by which the champion, challengers and retrains are judged. Lower is better for each."""

    loss: Literal["mae", "mse", "log_loss", "brier", "error_rate"] | None = Field(
        None, description="mae or mse for regression; log_loss, brier or error_rate for classes"
    )


class Monitored(Section):
    """What monitoring must know of a model. The whole file, with training, gate and schedule, is `Project`."""

    model: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]{0,99}$", description="its name in the registry and ledger")
    task: Task
    source: Source
    columns: Columns
    windows: Windows = Windows()
    preflight: Preflight = Preflight()
    drift: Drift = Drift()
    performance: PerformanceSettings = PerformanceSettings()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.model == "Default":
            # MLflow keeps the files of its own experiment of that name outside the state folder.
            raise Misfit("any other name", key="model", found="'Default', which is an experiment of MLflow's own")
        loss = self.performance.loss
        if loss is not None and loss not in LOSSES[self.task]:
            fitting = LOSSES[self.task]
            raise Misfit(
                f"a loss that fits task {self.task}: one of {listed(fitting)}", key="performance.loss", found=repr(loss)
            )
        if self.columns.types and not of_source(self.source).text_types:
            raise Misfit(
                "types only for the text of files and of DuckDB tables",
                key="columns.types",
                found="types for a table whose columns have types",
                remedy="remove them, or cast in columns.derived",
            )
        judged = {*self.columns.features, self.columns.target, PREDICTION}
        for name in sorted(set(self.drift.columns) - judged):
            raise Misfit(
                f"a feature, the target or {PREDICTION!r}",
                key=f"drift.columns.{name}",
                found="no such column",
                remedy="correct the name, or add the column to columns." + meant(name, judged),
            )
        return self

    @model_validator(mode="after")
    def _methods_known(self) -> Self:
        settled("drift.numeric", "", "numeric", self.drift.numeric, self.drift)
        settled("drift.categorical", "", "categorical", self.drift.categorical, self.drift)
        for name, own in self.drift.columns.items():
            settled(f"drift.columns.{name}", name, self.kind(name), own, self.drift)
        return self

    @property
    def loss(self) -> str:
        """The loss that counts for this model."""
        return self.performance.loss or LOSSES[self.task][0]

    @property
    def reading(self) -> Columns:
        """The columns with the type of the target, which follows from the task: how the source is to be read."""
        target = self.columns.target
        if target in self.columns.types or target in self.columns.derived:
            return self.columns
        kind: ColumnType = "number" if self.task == "regression" else "text"
        return changed(self.columns, types={**self.columns.types, target: kind})

    def kind(self, column: str) -> Kind:
        """How a column is scored. The prediction is a number, save for many classes: then the likeliest class."""
        if (kind := self.columns.kinds.get(column)) is not None:
            return kind
        if column == "prediction":
            return "categorical" if self.task == "multiclass" else "numeric"
        return "numeric" if self.task == "regression" else "categorical"
