"""The whole model file: monitoring's half and our own. YAML is read in yaml_file.py."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    field_serializer,
    model_validator,
)

from driftloop.monitoring.archive import Archive
from driftloop.monitoring.config import Monitored
from driftloop.monitoring.errors import ConfigError, UnknownModel, ValidationProblem, listed
from driftloop.monitoring.metrics import Metric, distinct
from driftloop.monitoring.metrics import named as metric_named
from driftloop.monitoring.policies import AnyGuard, AnyTrigger, EnoughLabels, RecoverableLoss
from driftloop.monitoring.settings.durations import Span, format_duration, parse_duration
from driftloop.monitoring.settings.limits import MOST_ROWS, Seed
from driftloop.monitoring.settings.section import Section
from driftloop.monitoring.settings.windows import Windows
from driftloop.monitoring.slices.conditions import named
from driftloop.pipelines.config.engine import Engine
from driftloop.pipelines.config.no_training import NO_TRAINING, reference_span, refuse_mixed, with_triggers
from driftloop.pipelines.config.parameters import Parameter, refuse_endless
from driftloop.pipelines.config.policy_inputs import refuse_class_counts, refuse_p_values
from driftloop.pipelines.config.prometheus import Prometheus
from driftloop.pipelines.config.promotion import AnyPromotion, Promotion
from driftloop.pipelines.config.refusal import config_error
from driftloop.pipelines.config.reports import Reports
from driftloop.pipelines.config.retention import Retention
from driftloop.pipelines.config.schedule import Schedule
from driftloop.pipelines.config.search import Search
from driftloop.pipelines.config.training_window import TrainingSpan, with_base
from driftloop.pipelines.config.yaml_file import read_yaml
from driftloop.pipelines.gate import Gate
from driftloop.pipelines.notify.notices import Notify


class Training(Section):
    """Settings for training a challenger."""

    window: TrainingSpan = Field(
        description="span of labeled rows for a challenger, holdout included; with `choose` (four current windows) or "
        "`{choose: 28d}` probes choose between this span, twice this span, all rows, the most similar season and "
        "earlier champions"
    )
    holdout: Span | None = Field(None, description="newest part of the window, kept for the gate; a fifth if not given")
    min_rows: int = Field(
        500, ge=2, le=MOST_ROWS, description="minimum number of labeled rows; with fewer there is no training run"
    )
    estimator: str = Field(
        "auto",
        max_length=500,
        description="auto (xgboost or a regularized linear model: the one that predicts the newest fifth of the rows "
        "better), xgboost, linear, a scikit-learn class by dotted path, a custom module:function, or as_adopted "
        "(class and parameters of the model that `driftloop adopt` registered)",
    )
    params: dict[str, Parameter] = Field(
        default_factory=dict,
        description="parameters of the estimator (for auto: of xgboost); boosted trees stop early unless their number "
        "is given; at most 100,000 trees or iterations",
    )
    search: Search | None = Field(None, description="random search over parameters; see `training.search`")
    max_levels: int = Field(
        1000, ge=2, le=100_000, description="maximum number of categories per feature; rarer ones count as missing"
    )
    refit: bool = Field(
        True, description="fit the same recipe again after the gate on all labeled rows, holdout included"
    )
    trusted_types: tuple[str, ...] = Field((), description="additional types that may be stored and loaded")
    allow_pickle: bool = Field(False, description="store objects without a safe format as pickle, which runs code")
    threads: int | None = Field(None, ge=1, le=1024, description="threads per fit; the free cores if not given")
    timeout: Span = Field(
        timedelta(hours=12), description="time limit of a custom training function; a longer one fails"
    )
    max_memory_mb: int | None = Field(
        None,
        ge=100,
        le=100_000_000,
        description="memory limit of a custom training function, rows and libraries included (Linux)",
    )
    max_rows: int | None = Field(
        None,
        ge=1000,
        le=MOST_ROWS,
        description="maximum number of training rows: more are sampled, evenly over time and over classes, with the "
        "seed; for scikit-learn estimators and custom functions whose rows do not fit into memory",
    )
    memory_mb: int | None = Field(
        None,
        ge=1,
        le=100_000_000,
        description="memory for training rows; xgboost reads more of them from disk. 60% of the free memory by default",
    )
    seed: Seed = Field(0, description="seed of the training run")

    @model_validator(mode="after")
    def _ends(self) -> Self:
        # A function of the user's own knows its parameters, and ends at `timeout`.
        if ":" in self.estimator:
            return self
        for name, value in self.params.items():
            refuse_endless(f"params.{name}", name, value)
        for name, values in (self.search.space if self.search else {}).items():
            refuse_endless(f"search.space.{name}", name, values)
        return self


class NoTraining(Training):
    """`training: none`: the model is trained elsewhere. `window` is the span of its reference."""

    estimator: str = "none"


AnyTraining = Annotated[
    Training,
    BeforeValidator(lambda given: given, json_schema_input_type=Training | Literal["none"]),
]


class Policies(Section):
    """Policies that decide. One trigger that fires requests a retrain; one guard that vetoes prevents it."""

    triggers: tuple[AnyTrigger, ...] = Field(
        (RecoverableLoss(),), min_length=1, description="policies that can request a retrain"
    )
    guards: tuple[AnyGuard, ...] = Field((EnoughLabels(),), description="policies that can prevent a retrain")


class Project(Monitored):
    """All sections of a model's YAML."""

    policies: Policies = Field(Policies(), description="triggers and guards; see `policies`")
    training: AnyTraining = Field(
        description="training of challengers; see `training`. `none` for a model elsewhere, with `predictions.source`"
    )
    gate: Gate = Field(Gate(), description="promotion test; see `gate`")
    promotion: AnyPromotion = Field(Promotion(), description="automatic, manual, or a section; see `promotion`")
    archive: Archive = Field(Archive(), description="former champions and models of the history; see `archive`")
    schedule: Schedule = Field(Schedule(), description="times of the checks; see `schedule`")
    engine: Engine | None = Field(None, description="cluster that reads, scores and trains on the rows; see `engine`")
    retention: Retention = Field(Retention(), description="removal of what is old; see `retention`")
    report: Reports = Field(Reports(), exclude=True, repr=False, description="Evidently's workspace; see `report`")
    # Kept out of what Prefect and MLflow store: some of apprise's URLs are secrets from end to end.
    notify: Notify = Field(Notify(), exclude=True, repr=False, description="notifications; see `notify`")
    prometheus: Prometheus = Field(Prometheus(), exclude=True, repr=False, description="metrics; see `prometheus`")
    file: Path = Field(Path("model.yaml"), description="set by the reader, not a key of the YAML")

    @model_validator(mode="before")
    @classmethod
    def _base_span(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        windows = given.get("windows")
        current = windows.get("current") if isinstance(windows, dict) else getattr(windows, "current", None)
        try:
            span = parse_duration(Windows().current if current is None else current)
        except ValidationProblem:
            return given  # told where it stands, as windows.current
        if given.get("training") == NO_TRAINING:
            training = NoTraining(window=reference_span(windows, span))
            return {**given, "policies": with_triggers(given.get("policies")), "training": training}
        return {**given, "training": with_base(given.get("training"), span)} if "training" in given else given

    @field_serializer("training", mode="wrap")
    def _as_written(self, training: Training, write: SerializerFunctionWrapHandler) -> Any:
        return NO_TRAINING if isinstance(training, NoTraining) else write(training)

    @model_validator(mode="after")
    def _holdout_fits(self) -> Self:
        if self.training.holdout is not None and self.training.holdout >= self.training.window:
            raise ValidationProblem(
                "a holdout that is shorter than training.window, of which it is the newest part",
                key="training.holdout",
                found=f"{format_duration(self.training.holdout)} of {format_duration(self.training.window)}",
            )
        return self

    @model_validator(mode="after")
    def _slices_are_named(self) -> Self:
        if self.gate.no_slice_worse is not None and not named(self.slices):
            raise ValidationProblem(
                "slices to compare",
                key="gate.no_slice_worse",
                found="no slice with a column or a condition under `slices`",
                remedy="add `slices`, for example `slices: [zone]`, or remove gate.no_slice_worse",
            )
        return self

    @model_validator(mode="after")
    def _trains_or_reads(self) -> Self:
        span = self.windows.reference_span
        refuse_mixed(elsewhere=self.elsewhere, trains=self.trains, promotion=self.promotion.mode, reference=span)
        return self

    @model_validator(mode="after")
    def _metrics_of_rules_fit(self) -> Self:
        for place, trigger in enumerate(self.policies.triggers):
            for name in sorted(trigger.metrics):
                self._known_metric(name, f"policies.triggers[{place}].metric")
        for name in self.gate.metric_floor:
            self._known_metric(name, f"gate.metric_floor.{name}")
        return self

    @model_validator(mode="after")
    def _policies_have_what_they_read(self) -> Self:
        if not self.type.has_classes:
            refuse_class_counts(self.policies.guards, self.gate.min_per_class, self.task)
        methods = {name: self.drift.chosen(name, kind).method or "" for name, kind in self.columns.kinds.items()}
        refuse_p_values(self.policies.triggers, methods)
        return self

    def _known_metric(self, name: str, key: str) -> None:
        try:
            metric = metric_named(name)
        except ValidationProblem as problem:
            raise ValidationProblem(problem.expected, key=key, found=problem.found, remedy=problem.remedy) from None
        if metric.name != name:
            raise ValidationProblem(repr(metric.name), key=key, found=repr(name), remedy="write it like this")
        self.fitting_metric(metric, key)

    @property
    def trains(self) -> bool:
        """Whether driftloop trains the model; false for `training: none`."""
        return not isinstance(self.training, NoTraining)

    @property
    def measured(self) -> tuple[Metric, ...]:
        """The metrics that a check measures, those that triggers and the gate need included."""
        triggers = frozenset[str]().union(*(trigger.metrics for trigger in self.policies.triggers))
        needed = (metric_named(name) for name in (*sorted(triggers), *self.gate.metric_floor))
        return distinct((*super().measured, *needed))

    @property
    def held_out(self) -> timedelta:
        """The newest part of `training.window`, kept for the gate."""
        return self.training.holdout or self.training.window / 5

    @property
    def learned_span(self) -> timedelta:
        """The span of labeled rows that a training reads: its window and, before the holdout, the label delay."""
        return self.training.window + self.columns.label_delay

    @property
    def held_back(self) -> timedelta:
        """How much older than the newest labels a challenger is: holdout and the gap before it, unless refitted."""
        return timedelta() if self.training.refit else self.held_out + self.columns.label_delay

    @property
    def folder(self) -> Path:
        """Where relative paths of the config start."""
        return self.file.parent


def load(path: str | Path) -> Project:
    """Read a model file. Every error names the file, the key, what was found and what is expected."""
    file = Path(path)
    if file.is_dir():
        inside = sorted(str(one) for one in file.glob("*.y*ml"))
        remedy = f"name one of {listed(inside)}" if inside else "start with `driftloop init DATA`"
        raise ConfigError(str(file), "", "is a folder", expected="the YAML file of one model", remedy=remedy)
    if not file.is_file():
        near = sorted(str(other) for other in (file.parent if file.parent.is_dir() else Path()).glob("*.y*ml"))
        raise UnknownModel(str(path), near)
    content = read_yaml(file)
    if "file" in content:
        raise ConfigError(str(file), "file", "an unknown key", expected="a key of the config", remedy="remove it")
    try:
        return Project.model_validate({**content, "file": file})
    except ValidationError as error:
        raise config_error(file, error, Project) from None


ProjectFile = Annotated[
    Project,
    BeforeValidator(lambda given: load(given) if isinstance(given, str | Path) else given, json_schema_input_type=str),
]
"""A project, or the path of its YAML: what a flow takes. An unknown path is refused before anything runs.

Prefect's forms ask for the path.
"""
