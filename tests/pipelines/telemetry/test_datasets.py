"""Names of datasets, as OpenLineage's specification has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from driftloop.monitoring.settings.source import Source
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.telemetry.datasets import dataset_of, inputs
from tests import streams


@pytest.mark.parametrize(
    ("given", "namespace", "name"),
    [
        ({"path": "rows/*.parquet"}, "file", "FOLDER/rows/*.parquet"),
        ({"path": "/data/rows.csv"}, "file", "/data/rows.csv"),
        ({"path": "file:///data/rows.csv"}, "file", "/data/rows.csv"),
        ({"path": "s3://bucket/a/rows.parquet"}, "s3://bucket", "a/rows.parquet"),
        ({"path": "gcs://bucket/rows.parquet"}, "gs://bucket", "rows.parquet"),
        ({"path": "https://ann:${WORD}@host/rows.csv"}, "https://host", "/rows.csv"),
        ({"url": "postgres://ann:${WORD}@db:6543/shop", "table": "orders"}, "postgres://db:6543", "shop.public.orders"),
        ({"url": "postgresql+psycopg://db/shop", "table": "eu.orders"}, "postgres://db:5432", "shop.eu.orders"),
        ({"url": "sqlite:///rows.db", "table": "orders"}, "sqlite://FOLDER/rows.db", "orders"),
        ({"url": "duckdb:////data/rows.db", "table": "orders"}, "duckdb:///data/rows.db", "orders"),
        ({"url": "mysql://db/shop", "table": "orders"}, "mysql://db:3306", "shop.orders"),
        ({"delta": "lake/orders"}, "file", "FOLDER/lake/orders"),
        ({"delta": "s3://bucket/orders"}, "s3://bucket", "orders"),
        ({"iceberg": "lake/metadata/1.metadata.json"}, "file", "FOLDER/lake/metadata/1.metadata.json"),
        ({"iceberg": "shop.orders", "catalog": {"uri": "https://ann:${WORD}@lake/api"}}, "https://lake", "shop.orders"),
        ({"iceberg": "shop.orders", "catalog": {"uri": "sqlite:///c.db"}}, "sqlite://FOLDER/c.db", "shop.orders"),
        ({"iceberg": "shop.orders", "catalog": "prod"}, "iceberg://prod", "shop.orders"),
    ],
)
def test_a_source_has_the_name_of_the_specification(
    given: dict[str, Any], namespace: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files by their absolute path, objects by bucket and key, tables by server, database and schema; no password."""
    monkeypatch.setenv("WORD", "hunter2")
    found = dataset_of(Source.model_validate(given), tmp_path)
    assert (found.namespace, found.name) == (
        namespace.replace("FOLDER", str(tmp_path)),
        name.replace("FOLDER", str(tmp_path)),
    )


def test_labels_are_an_input_of_their_own(tmp_path: Path) -> None:
    """A table of labels is read as well as the rows."""
    labels = {"path": "labels.parquet", "key": "id", "time": "known_at", "target": "y"}
    config = streams.config(labels=labels, columns__id="id") | {"file": tmp_path / "m.yaml"}
    assert [Path(found.name).name for found in inputs(Project.model_validate(config))] == [
        "rows.parquet",
        "labels.parquet",
    ]
