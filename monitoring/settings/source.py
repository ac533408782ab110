"""Section `source` of a model's YAML: where the rows come from."""

from __future__ import annotations

import codecs
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from driftloop.monitoring import formats
from driftloop.monitoring.errors import ValidationProblem, listed
from driftloop.monitoring.formats import FileFormat, FormatName
from driftloop.monitoring.settings.limits import LONGEST_PATH
from driftloop.monitoring.settings.secrets import is_secret, written_out
from driftloop.monitoring.settings.section import Section

ADDRESSES = ("path", "url", "delta", "iceberg")
KINDS = {
    "path": "files",
    "url": "a database table",
    "delta": "a Delta Lake table",
    "iceberg": "an Iceberg table",
}
IN_ENVIRONMENT = "${NAME} in its place, filled from the environment when the source is opened"


def _known_encoding(name: str) -> str:
    try:
        known = codecs.lookup(name)
        is_text = isinstance(known.decode(b"")[0], str)
    except Exception:  # codecs of bytes, such as zip, raise errors of their own
        is_text = False
    if not is_text:
        raise ValidationProblem("an encoding that Python knows, such as cp1252, utf-16 or latin-1")
    return name


def _as_text(properties: Any) -> Any:
    """Return the properties of a catalog as text: YAML reads `true` and `8080` as a boolean and a number."""
    if not isinstance(properties, dict):
        return properties
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value) if isinstance(value, int) else value
        for name, value in properties.items()
    }


class Source(Section):
    """Source of the rows: files (`path`), a table of a database (`url` and `table`), or a table in files.

    Tables in files are those of Delta Lake (`delta`) and Iceberg (`iceberg`); which files count is in their logs.

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
    delta: str | None = Field(
        None,
        max_length=LONGEST_PATH,
        description="folder of a Delta Lake table, or its URL: s3://bucket/trips; needs the extra `delta`",
    )
    iceberg: str | None = Field(
        None,
        max_length=LONGEST_PATH,
        description="Iceberg table: its name in `catalog`, such as shop.trips, or the path or URL of one of its files "
        "metadata/*.metadata.json; needs the extra `iceberg`",
    )
    catalog: Annotated[str | dict[str, str] | None, BeforeValidator(_as_text)] = Field(
        None,
        description="catalog of the Iceberg table: properties of pyiceberg, such as {type: rest, uri: https://...}, or "
        "the name of a catalog in its own configuration, by default its default catalog",
    )
    version: int | None = Field(
        None,
        ge=0,
        le=2**63 - 1,
        description="version of the Delta table, or snapshot id of the Iceberg table, that is always read; the newest "
        "one if not given",
    )
    profile: Literal["auto", "database", "stream"] = Field(
        "auto",
        description="where a check counts the rows of its window: `auto` has PostgreSQL count them where neither a "
        "policy nor the loss needs most of them, `database` also where a policy does, and without a loss that no "
        "policy reads; `stream` reads all rows",
    )

    @model_validator(mode="after")
    def _no_secret(self) -> Self:
        # First of all: the messages of the other rules repeat the address.
        for key in ADDRESSES:
            secret = written_out(getattr(self, key) or "")
            if secret is not None:
                raise ValidationProblem(
                    IN_ENVIRONMENT,
                    key=key,
                    found=f"{secret} in plain text",
                    remedy="put it into an environment variable: postgres://user:${PG_PASSWORD}@host/database",
                )
        for name, value in self.catalog.items() if isinstance(self.catalog, dict) else ():
            if is_secret(name, value) or written_out(value) is not None:
                raise ValidationProblem(
                    IN_ENVIRONMENT,
                    key="catalog",
                    found=f"{written_out(value) or f'the secret {name!r}'} in plain text",
                    remedy=f"put it into an environment variable: {name}: ${{CATALOG_SECRET}}",
                )
        return self

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        given = [key for key in ADDRESSES if getattr(self, key) is not None]
        if len(given) != 1:
            both = f"both {' and '.join(given)}" if len(given) == 2 else listed(given)
            raise ValidationProblem(
                "one of path (files), url and table (a database), delta, or iceberg (a table in files)",
                found=both if given else "neither path nor url, delta or iceberg",
                remedy="keep one of them" if given else "name the source of the rows",
            )
        if (self.url is None) != (self.table is None):
            found = "url without table" if self.table is None else "table without url"
            raise ValidationProblem("url and table together, or path alone", found=found, remedy="add the other one")
        return self

    @model_validator(mode="after")
    def _keys_of_the_place(self) -> Self:
        for key, of in (("catalog", ("iceberg",)), ("version", ("delta", "iceberg"))):
            if getattr(self, key) is not None and all(getattr(self, address) is None for address in of):
                raise ValidationProblem(
                    f"{key} only together with {' or '.join(of)}",
                    key=key,
                    found=f"{key} for {KINDS[self.address_key]}",
                    remedy="remove it",
                )
        return self

    @model_validator(mode="after")
    def _iceberg_by_name(self) -> Self:
        written = self.iceberg or ""
        if "/" in written and "${" not in written and not written.endswith(".json"):
            raise ValidationProblem(
                "the name of the table in a catalog, such as shop.trips, or one of its files metadata/*.metadata.json",
                key="iceberg",
                found=f"{written!r}, which is neither",
                remedy="name the table and its catalog: iceberg: shop.trips, catalog: {type: rest, uri: https://...}",
            )
        return self

    @model_validator(mode="after")
    def _readable_files(self) -> Self:
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
                found=f"a format for {KINDS[self.address_key]}",
                remedy="remove it",
            )
        if self.encoding is not None and (self.path is None or not self.file_format.as_text):
            raise ValidationProblem(
                "encoding only for text files: CSV and JSON Lines",
                key="encoding",
                found=f"an encoding for {KINDS[self.address_key] if self.path is None else 'a binary format'}",
                remedy="remove it",
            )
        return self

    @model_validator(mode="after")
    def _profile_of_a_table(self) -> Self:
        if self.profile == "auto":
            return self
        if self.section != "source" or (self.url is None and self.profile == "database"):
            raise ValidationProblem(
                "profile only for the table of a database under source",
                key="profile",
                found=f"{self.profile!r} for {KINDS[self.address_key] if self.section == 'source' else self.section}",
                remedy="remove it",
            )
        return self

    @property
    def address_key(self) -> str:
        """The key that has the address of the source: `path`, `url`, `delta` or `iceberg`."""
        return next((key for key in ADDRESSES if getattr(self, key) is not None), "path")

    @property
    def address(self) -> str:
        """The address as it is written in the config; of a database without the table."""
        return getattr(self, self.address_key) or ""

    @property
    def title(self) -> str:
        """The name of what is read, for messages: the table of a database, otherwise the address."""
        return self.table or self.address

    @property
    def file_format(self) -> FileFormat:
        """The format of the files, declared or known from the ending."""
        found = formats.named(self.format) if self.format else formats.of_path(self.path or "")
        assert found is not None  # the rules above
        return found
