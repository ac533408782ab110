"""Section `source` of a model's YAML: where the rows come from."""

from __future__ import annotations

import codecs
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from driftloop.monitoring import formats
from driftloop.monitoring.errors import ValidationProblem
from driftloop.monitoring.formats import FileFormat, FormatName
from driftloop.monitoring.settings.limits import LONGEST_PATH
from driftloop.monitoring.settings.secrets import written_out
from driftloop.monitoring.settings.section import Section


def _known_encoding(name: str) -> str:
    try:
        known = codecs.lookup(name)
        is_text = isinstance(known.decode(b"")[0], str)
    except Exception:  # codecs of bytes, such as zip, raise errors of their own
        is_text = False
    if not is_text:
        raise ValidationProblem("an encoding that Python knows, such as cp1252, utf-16 or latin-1")
    return name


class Source(Section):
    """Source of the rows: files (`path`) or a table of a database (`url` and `table`).

    A relative path starts at the folder of the YAML file. `${NAME}` is replaced by an environment variable when the
    source is opened and is kept as written everywhere else, so that no secret reaches a log, Prefect or MLflow. A
    password or token in plain text is rejected.

    Text files are UTF-8, or of `encoding`, plain or gzip; the separator of a CSV is detected from its header. If some
    files of a glob lack a column, its values there are null.
    """

    section: ClassVar[str] = "source"

    path: str | None = Field(
        None, max_length=LONGEST_PATH, description="a file, a glob such as trips/*.parquet, or an fsspec URL"
    )
    format: FormatName | None = Field(
        None, description=f"format of the files; guessed from the ending of the path if that is {formats.endings()}"
    )
    encoding: Annotated[str, AfterValidator(_known_encoding)] | None = Field(
        None, description="encoding of text files, if it is not UTF-8: cp1252 (Windows), utf-16, latin-1"
    )
    url: str | None = Field(
        None, max_length=LONGEST_PATH, description="an ibis.connect URL: sqlite:///..., duckdb://..., postgres://..."
    )
    table: str | None = Field(None, max_length=LONGEST_PATH, description="table of that database, or schema.table")
    profile: Literal["auto", "database", "stream"] = Field(
        "auto",
        description="where a check counts the rows of its window: `auto` has PostgreSQL count them where neither a "
        "policy nor the loss needs most of them, `database` also where a policy does, and without a loss that no "
        "policy reads; `stream` reads all rows",
    )

    @model_validator(mode="after")
    def _no_secret(self) -> Self:
        # First of all: the messages of the other rules repeat the address.
        for key, address in (("path", self.path), ("url", self.url)):
            secret = written_out(address or "")
            if secret is not None:
                raise ValidationProblem(
                    "${NAME} in its place, filled from the environment when the source is opened",
                    key=key,
                    found=f"{secret} in plain text",
                    remedy="put it into an environment variable: postgres://user:${PG_PASSWORD}@host/database",
                )
        return self

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.path is None) == (self.url is None):
            found = "neither path nor url" if self.path is None else "both path and url"
            raise ValidationProblem(
                "either path (files), or url and table (a database)", found=found, remedy="keep one of the two"
            )
        if (self.url is None) != (self.table is None):
            found = "url without table" if self.table is None else "table without url"
            raise ValidationProblem("url and table together, or path alone", found=found, remedy="add the other one")
        if self.path is not None and self.format is None and formats.of_path(self.path) is None:
            names = " or ".join(formats.NAMES)
            raise ValidationProblem(
                f"a path that ends in one of {formats.endings()}",
                key="path",
                found=f"{self.path!r}, whose ending names no format",
                remedy=f"set {self.section}.format to {names}",
            )
        if self.path is None and self.format is not None:
            raise ValidationProblem(
                "format only together with path",
                key="format",
                found="a format for a database table",
                remedy="remove it",
            )
        if self.encoding is not None and (self.path is None or not self.file_format.as_text):
            raise ValidationProblem(
                "encoding only for text files: CSV and JSON Lines",
                key="encoding",
                found="an encoding for a database table" if self.path is None else "an encoding for a binary format",
                remedy="remove it",
            )
        return self

    @model_validator(mode="after")
    def _profile_of_a_table(self) -> Self:
        if self.profile == "auto":
            return self
        if self.section != "source" or (self.path is not None and self.profile == "database"):
            raise ValidationProblem(
                "profile only for the table of a database under source",
                key="profile",
                found=f"{self.profile!r} for {'files' if self.section == 'source' else self.section}",
                remedy="remove it",
            )
        return self

    @property
    def file_format(self) -> FileFormat:
        """The format of the files, declared or known from the ending."""
        found = formats.named(self.format) if self.format else formats.of_path(self.path or "")
        assert found is not None  # the rules above
        return found
