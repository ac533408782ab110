"""Names of the datasets of a model, by OpenLineage's specification of their naming, without users and passwords."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from driftloop.monitoring.settings.secrets import expand
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources.places import REMOTE, is_metadata, place
from driftloop.pipelines.config.project import Project

# Schemes as the specification writes them, and the port of a database that names none.
SCHEMES = {"postgresql": "postgres", "gcs": "gs", "s3a": "s3", "s3n": "s3"}
PORTS = {"postgres": 5432, "mysql": 3306, "trino": 8080, "mssql": 1433}
# Databases whose address is a file.
EMBEDDED = frozenset({"sqlite", "duckdb"})
# Databases whose tables are in schemas, by the schema of a table without one.
SCHEMAS = {"postgres": "public"}


@dataclass(frozen=True)
class DatasetName:
    """A dataset: the place that has it, and its name there."""

    namespace: str
    name: str


def inputs(project: Project) -> Iterator[DatasetName]:
    """Yield the tables and files that a check and a training run read: rows, labels, predictions of a model elsewhere.

    Raises SecretMissing for a variable of an address that is not set.
    """
    yield dataset_of(project.source, project.folder)
    for other in (project.labels, project.predictions.source):
        if other is not None:
            yield dataset_of(other, project.folder)


def dataset_of(source: Source, folder: Path) -> DatasetName:
    """Return the name of a source; relative paths start at `folder`."""
    at = place(source, folder)
    if source.url is not None:
        return _table(at.text, source.table or "", folder)
    if source.iceberg is not None and not is_metadata(at.text):
        return _iceberg(source, at.text, folder)
    if not REMOTE.match(at.text):
        return DatasetName("file", at.text)
    parts = urlsplit(at.text)
    scheme = SCHEMES.get(parts.scheme, parts.scheme)
    if scheme == "file":
        return DatasetName("file", unquote(parts.path))
    # The container of abfss:// is before the @, and no user.
    host = parts.netloc if scheme in {"abfss", "wasbs"} else parts.netloc.rpartition("@")[2]
    name = parts.path.lstrip("/") if scheme in {"s3", "gs"} else parts.path
    return DatasetName(f"{scheme}://{host}", name or "/")


def _iceberg(source: Source, name: str, folder: Path) -> DatasetName:
    catalog = source.catalog if isinstance(source.catalog, dict) else {}
    uri = expand(catalog.get("uri", ""), f"{source.section}.catalog.uri")
    if uri.startswith("sqlite"):
        return DatasetName(_table(uri, name, folder).namespace, name)
    parts = urlsplit(uri)
    named = source.catalog if isinstance(source.catalog, str) else "default"
    return DatasetName(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if uri else f"iceberg://{named}", name)


def model_of(model: str, tracking_uri: str) -> DatasetName:
    """Return the name of a registered model, as the dataset that training runs write and checks read.

    >>> model_of("fares", "http://ann:secret@mlflow:5000")
    DatasetName(namespace='http://mlflow:5000', name='models:/fares')
    >>> model_of("fares", "sqlite:///mlflow.db").namespace
    'mlflow'
    """
    parts = urlsplit(tracking_uri)
    remote = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    return DatasetName(remote if parts.scheme in {"http", "https"} else "mlflow", f"models:/{model}")


def _table(address: str, table: str, folder: Path) -> DatasetName:
    parts = urlsplit(address)
    scheme = SCHEMES.get(parts.scheme.partition("+")[0], parts.scheme.partition("+")[0])
    if scheme in EMBEDDED:
        # Three slashes before a relative path, four before an absolute one, as SQLAlchemy has them.
        path = unquote(parts.netloc + parts.path).removeprefix("/")
        return DatasetName(f"{scheme}://{os.path.abspath(folder / path)}", table)
    host, port = parts.hostname or "localhost", _port(parts.port, scheme)
    if scheme in SCHEMAS and "." not in table:
        table = f"{SCHEMAS[scheme]}.{table}"
    database = unquote(parts.path.strip("/")).replace("/", ".")
    return DatasetName(f"{scheme}://{host}{port}", f"{database}.{table}" if database else table)


def _port(port: int | None, scheme: str) -> str:
    known = port or PORTS.get(scheme)
    return f":{known}" if known else ""
