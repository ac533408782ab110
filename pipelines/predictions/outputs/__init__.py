"""Outputs of `driftloop predict --out`: a folder of parquet files, or a table of PostgreSQL or DuckDB."""

from __future__ import annotations

from pathlib import Path

from driftloop.monitoring.errors import OutputUnusable
from driftloop.monitoring.settings.secrets import expand
from driftloop.monitoring.sources.places import scrubber
from driftloop.pipelines.predictions.outputs.base import Dropped, Output
from driftloop.pipelines.predictions.outputs.manifest import DAY, Manifest, Part, Replacement, Writer, days, remaining

__all__ = [
    "DAY",
    "Dropped",
    "Manifest",
    "Output",
    "Part",
    "Replacement",
    "Writer",
    "days",
    "open_output",
    "remaining",
]


def open_output(out: str, table: str | None, source_file: Path | None = None) -> Output:
    """Open what `--out` and `--table` name, and take its lock. `${NAME}` is filled from the environment.

    `source_file` is the database file that the rows come from: DuckDB cannot read and write one file in one process.
    """
    text = expand(out, "--out")
    scrub = scrubber(out, text)
    scheme, found, rest = text.partition("://")
    where = scrub(out) if table is None else f"{scrub(out)} table {table}"
    if found and table is None:
        raise OutputUnusable(where, "is a database without a table", expected="--table NAME", remedy="add --table NAME")
    if found and scheme.partition("+")[0] in ("postgres", "postgresql"):
        from driftloop.pipelines.predictions.outputs.postgres import PostgresTable

        return PostgresTable(text, str(table), where, scrub)
    if found and scheme == "duckdb" and not rest.startswith(("md:", "motherduck:")):
        from driftloop.pipelines.predictions.outputs.duckdb import DuckDBTable

        file = Path("/" + rest.lstrip("/") if rest.startswith("/") else rest).resolve()
        if source_file is not None and file == source_file.resolve():
            raise OutputUnusable(
                where,
                "is the database that the rows are read from, and DuckDB cannot do both in one process",
                expected="another database file",
                remedy="name another file, and ATTACH it where both are needed",
            )
        return DuckDBTable(file, str(table), where)
    if found:
        raise OutputUnusable(
            where,
            f"has the scheme {scheme!r}",
            expected="a folder, postgres://... or duckdb://FILE",
            remedy="write into a local folder, and copy it to where it should be",
        )
    if table is not None:
        raise OutputUnusable(
            where, "is a folder, which has no tables", expected="--table only with a database", remedy="remove --table"
        )
    from driftloop.pipelines.predictions.outputs.folder import Folder

    return Folder(Path(text).expanduser().absolute(), where)
