"""What `driftloop init` cannot look at, or cannot write to, each with what to do instead."""

from __future__ import annotations

import glob
import os
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import urlsplit

from driftloop.monitoring import formats
from driftloop.monitoring.errors import ConfigError, DriftloopError, SourceMissing, listed
from driftloop.monitoring.sources.lakehouse import kind_of
from driftloop.pipelines.init.places import LAKES, lake_of

DATA = f"a file ({formats.titles()}), a glob, a URL, or a database URL with --table"
YAML = (".yaml", ".yml")
# Endings of data that is not read.
OTHERS = {
    ".json": "a JSON document",
    **dict.fromkeys((".xlsx", ".xls", ".ods"), "a spreadsheet"),
    **dict.fromkeys((".feather", ".arrow", ".avro", ".orc", ".pkl", ".pickle", ".xml", ".html"), "another format"),
}
SECONDS = 10


def refuse_data(data: str, table: str | None, file_format: str | None = None) -> None:
    """Raise ConfigError for what is no data of ours: a model file, another format, a file that is not there."""
    if "://" in data or "${" in data or table is not None or file_format in LAKES or lake_of(data):
        return
    ending = Path(data).suffix.lower()
    if ending in YAML:
        raise ConfigError(
            data, "", "is a YAML file", expected=DATA, remedy=f"`driftloop check {data}` checks the model of that file"
        )
    if ending in OTHERS and file_format is None and formats.of_path(data) is None:
        remedy = "save it in a format that is read; with DuckDB: COPY (SELECT * FROM 'FILE') TO 'FILE.parquet'"
        raise ConfigError(data, "", f"is {OTHERS[ending]}", expected=DATA, remedy=remedy)
    path = os.path.expanduser(data)
    if kind_of(None, path) == "Iceberg":
        raise ConfigError(
            data,
            "",
            "is the folder of an Iceberg table, whose catalog knows which of its files count",
            expected=DATA,
            remedy=f"--format iceberg with the name of the table in its catalog, or the newest file of {data}/metadata",
        )
    if os.path.isdir(path):
        inside = [ending for one in formats.FORMATS for ending in one.endings if any(Path(path).glob(f"*{ending}"))]
        kind = inside[0] if inside else formats.FORMATS[0].endings[0]
        raise ConfigError(
            data,
            "",
            "is a folder",
            expected=DATA,
            remedy=f"name the files in it, in quotes: '{Path(data) / '*'}{kind}'",
        )
    if not os.path.exists(path) and not glob.glob(path, recursive=True):
        what = "no file matches" if glob.has_magic(data) else "file not found"
        raise ConfigError(data, "", what, expected=DATA, remedy=f"correct the path{_near(path)}")


def refuse_output(file: Path, *, force: bool) -> None:
    """Raise ConfigError where the model file must not be written: over data, over another file unless forced."""
    if file.is_dir():
        raise ConfigError(
            str(file), "--output", "is a folder", expected="a file to write", remedy=f"--output {file / 'model.yaml'}"
        )
    if file.suffix.lower() not in YAML:
        raise ConfigError(
            str(file),
            "--output",
            f"ends in {file.suffix!r}" if file.suffix else "has no ending",
            expected="the name of a YAML file",
            remedy=f"--output {file.with_suffix('.yaml')}",
        )
    if file.exists() and not force:
        raise ConfigError(
            str(file), "", "already exists", expected="a new file", remedy="--force, or --output OTHER.yaml"
        )


@contextmanager
def reachable(data: str) -> Iterator[None]:
    """Report why a URL returns nothing, where only a missing file is known."""
    try:
        yield
    except SourceMissing as error:
        why = _why_not(data) if data.startswith(("http://", "https://")) else None
        if why is None:
            raise
        raise SourceMissing(data.partition("?")[0], why, "correct the URL, or check the network") from error


@contextmanager
def writing(file: Path) -> Iterator[None]:
    """Make a ConfigError of the system's message about a file that cannot be written."""
    try:
        yield
    except DriftloopError:
        raise
    except OSError as error:
        raise ConfigError(
            str(file),
            "--output",
            f"cannot be written: {error.strerror or error}",
            expected="a folder that exists or can be created, and may be written to",
            remedy="name another file with --output",
        ) from error


def _near(path: str) -> str:
    folder, name = os.path.split(path)
    there = [
        one for one in (os.listdir(folder or ".") if os.path.isdir(folder or ".") else []) if not one.startswith(".")
    ]
    if folder and not os.path.isdir(folder):
        return f"; the folder {folder!r} does not exist"
    near = get_close_matches(name, there, n=1)
    data = sorted(one for one in there if formats.of_path(one))
    return f". Did you mean {near[0]!r}?" if near else f"; there are {listed(data, 5)}" if data else ""


def _why_not(url: str) -> str | None:
    """What the host answers; None if it answers well, or if only a proxy could know."""
    host = urlsplit(url).hostname or ""
    # `no` is the list of hosts without a proxy, which is always set here.
    if not urllib.request.getproxies().keys() - {"no"}:
        try:
            socket.getaddrinfo(host, None)
        except OSError:
            return f"the host {host!r} cannot be resolved"
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=SECONDS):  # noqa: S310
            return None
    except urllib.error.HTTPError as error:
        return f"the server answers {error.code} {error.reason}"
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        return f"the server does not answer: {getattr(reason, 'strerror', None) or reason}"
