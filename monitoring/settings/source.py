"""Section `source` of a model's YAML: where the rows come from."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from driftloop.monitoring.errors import Misfit
from driftloop.monitoring.settings.limits import LONGEST_PATH
from driftloop.monitoring.settings.secrets import written_out
from driftloop.monitoring.settings.section import Section


class Source(Section):
    """Where the rows come from: files (`path`) or a table of a database (`url` and `table`).

    A relative path starts at the folder of the YAML file. `${NAME}` is filled from the environment when the source is
    opened and is kept as written everywhere else, so that no secret reaches a log, Prefect or MLflow; a password or
    token that is written out is refused.

    A CSV is in UTF-8, plain or gzip; its separator is the one of its header. A column that some files of a glob lack
    is null in them.
    """

    path: str | None = Field(
        None, max_length=LONGEST_PATH, description="a file, a glob such as trips/*.parquet, or an fsspec URL"
    )
    format: Literal["parquet", "csv"] | None = Field(None, description="guessed from the path's ending if not given")
    url: str | None = Field(
        None, max_length=LONGEST_PATH, description="an ibis.connect URL: sqlite:///..., duckdb://..., postgres://..."
    )
    table: str | None = Field(None, max_length=LONGEST_PATH, description="a table of that database, or schema.table")

    @model_validator(mode="after")
    def _no_secret(self) -> Self:
        # First of all: the messages of the other rules repeat the address.
        for key, address in (("path", self.path), ("url", self.url)):
            secret = written_out(address or "")
            if secret is not None:
                raise Misfit(
                    "${NAME} in its place, filled from the environment when the source is opened",
                    key=key,
                    found=f"{secret} written out",
                    remedy="put it into an environment variable: postgres://user:${PG_PASSWORD}@host/database",
                )
        return self

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.path is None) == (self.url is None):
            found = "neither path nor url" if self.path is None else "both path and url"
            raise Misfit("path (files), or else url and table (a database)", found=found, remedy="keep one of the two")
        if (self.url is None) != (self.table is None):
            found = "url without table" if self.table is None else "table without url"
            raise Misfit("url and table together, or path alone", found=found, remedy="add the other one")
        if self.path is not None and self.format is None and self.guess() is None:
            found = f"{self.path!r}, whose ending tells no format"
            raise Misfit("parquet or csv files", key="path", found=found, remedy="set source.format to parquet or csv")
        if self.path is None and self.format is not None:
            raise Misfit("format beside path", key="format", found="a format for a table", remedy="remove it")
        return self

    def guess(self) -> Literal["parquet", "csv"] | None:
        """Tell the format from the path's ending."""
        name = (self.path or "").lower().rstrip("}")
        if name.endswith((".parquet", ".pq")):
            return "parquet"
        return "csv" if name.endswith((".csv", ".csv.gz")) else None
