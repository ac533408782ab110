"""OpenLineage events of checks and training runs: START, then COMPLETE or FAIL, with datasets and model versions.

Off unless the standard variables of `openlineage-python` name a transport; needs the extra `openlineage`.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal

from driftloop.monitoring.errors import clipped
from driftloop.monitoring.records import ColumnScore, Window
from driftloop.monitoring.settings.columns import PREDICTION
from driftloop.monitoring.settings.secrets import without_passwords
from driftloop.pipelines.telemetry import background
from driftloop.pipelines.telemetry.column_lineage import InputColumn, Use
from driftloop.pipelines.telemetry.column_metrics import ColumnMetric
from driftloop.pipelines.telemetry.datasets import DatasetName

if TYPE_CHECKING:
    from openlineage.client import OpenLineageClient
    from openlineage.client.event_v2 import RunEvent

NAMESPACE = "driftloop"
LONGEST = 4000
# Type and subtype, as the specification of column lineage names them.
TRANSFORMATIONS: dict[Use, tuple[str, str]] = {
    "feature": ("DIRECT", "TRANSFORMATION"),
    "target": ("INDIRECT", "CONDITIONAL"),
    "weight": ("INDIRECT", "CONDITIONAL"),
    "filter": ("INDIRECT", "FILTER"),
}
log = logging.getLogger("driftloop.telemetry")
JobKind = Literal["check", "retrain"]


@dataclass(frozen=True)
class Lineage:
    """One run: its job, id and window, what it read and wrote, and what it measured of its rows.

    `rows`, `columns` and `metrics` are those of the first input. A model is a dataset with its version; `learned` are
    the columns that it was trained on. `parent` is the id of the check that a training run belongs to.
    """

    job: JobKind
    model: str
    run_id: str
    window: Window
    inputs: tuple[DatasetName, ...]
    parent: str | None = None
    rows: int | None = None
    columns: tuple[ColumnScore, ...] = ()
    metrics: Mapping[str, ColumnMetric] = field(default_factory=dict)
    learned: tuple[InputColumn, ...] = ()
    read: tuple[DatasetName, str] | None = None
    written: tuple[DatasetName, str] | None = None
    documentation: str = ""
    message: str = field(default="", repr=False)


def requested() -> bool:
    """Return whether the environment names a transport, and does not switch lineage off."""
    if os.environ.get("OPENLINEAGE_DISABLED", "").strip().lower() == "true":
        return False
    named = ("OPENLINEAGE_URL", "OPENLINEAGE_CONFIG")
    return any(os.environ.get(name) for name in named) or any(
        name.startswith("OPENLINEAGE__TRANSPORT") for name in os.environ
    )


@contextmanager
def recorded(
    start: Callable[[], Lineage], scrub: Callable[[str], str] = without_passwords
) -> Iterator[Callable[[Callable[[Lineage], Lineage]], None]]:
    """Emit START, and at the end of the block COMPLETE, or FAIL for an error; `scrub` takes secrets out of its message.

    `start` makes the run. The value takes a function that adds results to it. Nothing is done unless requested, and
    no error of lineage reaches the block.
    """
    client = _client() if requested() else None
    run = None if client is None else _attempt(start)
    if client is None or run is None:
        yield lambda _: None
        return
    state = [run]

    def add(change: Callable[[Lineage], Lineage]) -> None:
        changed = _attempt(lambda: change(state[0]))
        state[0] = changed or state[0]

    begun = threading.Thread(target=_attempt, args=(lambda: client.emit(event("START", run)),), daemon=True)
    begun.start()
    try:
        yield add
    except BaseException as error:
        _end(client, begun, "FAIL", replace(state[0], message=scrub(f"{type(error).__name__}: {error}")))
        raise
    _end(client, begun, "COMPLETE", state[0])


def event(kind: Literal["START", "COMPLETE", "FAIL"], run: Lineage) -> RunEvent:
    """Return an event of OpenLineage's specification."""
    from openlineage.client import event_v2 as events
    from openlineage.client import facet_v2 as facets

    window = (run.window.start.isoformat(), run.window.end.isoformat())
    about: dict[str, Any] = {
        "nominalTime": facets.nominal_time_run.NominalTimeRunFacet(*window),
        "processing_engine": facets.processing_engine_run.ProcessingEngineRunFacet(
            version=version("driftloop"), name="driftloop"
        ),
    }
    if run.parent:
        about["parent"] = facets.parent_run.ParentRunFacet(
            run=facets.parent_run.Run(run.parent),
            job=facets.parent_run.Job(namespace=_namespace(), name=f"{run.model}.check"),
        )
    if kind == "FAIL":
        message = clipped(run.message, LONGEST)
        about["errorMessage"] = facets.error_message_run.ErrorMessageRunFacet(message, programmingLanguage="python")
    job: dict[str, Any] = {
        "jobType": facets.job_type_job.JobTypeJobFacet("BATCH", "DRIFTLOOP", jobType=run.job.upper())
    }
    if run.documentation:
        job["documentation"] = facets.documentation_job.DocumentationJobFacet(clipped(run.documentation, LONGEST))
    return events.RunEvent(
        eventTime=datetime.now(UTC).isoformat(),
        eventType=events.RunState[kind],
        run=events.Run(run.run_id, facets=about),
        job=events.Job(_namespace(), f"{run.model}.{run.job}", facets=job),
        inputs=_inputs(run),
        outputs=[
            events.OutputDataset(name.namespace, name.name, facets=_version(number) | _column_lineage(run.learned))
            for name, number in ([run.written] if run.written else [])
        ],
        producer=f"https://pypi.org/project/driftloop/{version('driftloop')}",
    )


def _inputs(run: Lineage) -> list[Any]:
    from openlineage.client import event_v2 as events

    read = [
        events.InputDataset(
            name.namespace,
            name.name,
            facets=_schema(run.columns) if at == 0 else {},
            inputFacets=_quality(run) if at == 0 else {},
        )
        for at, name in enumerate(run.inputs)
    ]
    if run.read:
        name, number = run.read
        read.append(events.InputDataset(name.namespace, name.name, facets=_version(number)))
    return read


def _schema(columns: Sequence[ColumnScore]) -> dict[str, Any]:
    """Return the columns that were compared; predictions are no column of the source."""
    from openlineage.client.facet_v2 import schema_dataset as schema

    fields = [
        schema.SchemaDatasetFacetFields(name=column.name, type=column.kind)
        for column in columns
        if column.role != "prediction"
    ]
    return {"schema": schema.SchemaDatasetFacet(fields=fields)} if fields else {}


def _quality(run: Lineage) -> dict[str, Any]:
    """Return the number of rows, and for each column whether its drift is within the threshold."""
    from openlineage.client.facet_v2 import data_quality_assertions_dataset as assertions
    from openlineage.client.facet_v2 import data_quality_metrics_input_dataset as metrics

    found: dict[str, Any] = {}
    if run.rows is not None:
        found["dataQualityMetrics"] = metrics.DataQualityMetricsInputDatasetFacet(
            columnMetrics={
                name: metrics.ColumnMetrics(
                    nullCount=one.nulls, distinctCount=one.distinct, count=one.count, quantiles=one.quantiles
                )
                for name, one in run.metrics.items()
            },
            rowCount=run.rows,
        )
    compared = [column for column in run.columns if column.role != "prediction"]
    if compared:
        found["dataQualityAssertions"] = assertions.DataQualityAssertionsDatasetFacet(
            assertions=[
                assertions.Assertion(
                    assertion=f"drift_{column.method}",
                    success=not column.drifted,
                    column=column.name,
                    expected=f"{column.threshold:.6g}",
                    actual=f"{column.score:.6g}",
                )
                for column in compared
            ]
        )
    return found


def _column_lineage(learned: Sequence[InputColumn]) -> dict[str, Any]:
    """Return on which columns the prediction of a version depends; those of the filter and weights on the whole."""
    from openlineage.client.facet_v2 import column_lineage_dataset as columns

    def field_of(column: InputColumn) -> Any:
        kind, subtype = TRANSFORMATIONS[column.use]
        if column.use == "feature" and not column.derived:
            subtype = "IDENTITY"
        made = columns.Transformation(type=kind, subtype=subtype, description=column.use, masking=False)
        return columns.InputField(column.dataset.namespace, column.dataset.name, column.name, transformations=[made])

    if not learned:
        return {}
    own = [field_of(column) for column in learned if column.use in ("feature", "target")]
    whole = [field_of(column) for column in learned if column.use in ("filter", "weight")]
    fields = {PREDICTION: columns.Fields(inputFields=own)}
    return {"columnLineage": columns.ColumnLineageDatasetFacet(fields=fields, dataset=whole)}


def _version(number: str) -> dict[str, Any]:
    from openlineage.client.facet_v2 import dataset_version_dataset as versions

    return {"version": versions.DatasetVersionDatasetFacet(datasetVersion=number)}


def _namespace() -> str:
    return os.environ.get("OPENLINEAGE_NAMESPACE") or NAMESPACE


def _client() -> OpenLineageClient | None:
    try:
        from openlineage.client import OpenLineageClient
    except ImportError:
        log.warning("no lineage: the client is not installed; run `pip install 'driftloop[openlineage]'`")
        return None
    client: OpenLineageClient | None = _attempt(OpenLineageClient)
    return client


def _attempt(action: Callable[[], Any]) -> Any:
    """Return the result, or None after an error, which is logged by its type: its text may contain a secret."""
    try:
        return action()
    except Exception as error:
        log.warning("lineage: an event was not made or sent: %s", type(error).__name__)
        return None


def _end(client: OpenLineageClient, begun: threading.Thread, kind: Literal["COMPLETE", "FAIL"], run: Lineage) -> None:
    last = _attempt(lambda: event(kind, run))
    if last is None:
        return

    def send() -> None:
        begun.join()
        client.emit(last)

    background.deliver("the last event of OpenLineage was", send)
