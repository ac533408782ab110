"""Where a source is: paths, globs and URLs resolved, secrets kept out of messages. Nothing is read here."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urlsplit

from driftloop.monitoring.errors import SourceMissing
from driftloop.monitoring.settings.secrets import expand, spellings, variables, without_passwords
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources.lakehouse import refuse_tables

REMOTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")  # two letters at least: C:// is a drive


@dataclass(frozen=True)
class Place:
    """An address with its secrets filled in, how it may be shown, and how any text is made fit to be shown.

    `section` is the block of the YAML that has it.
    """

    text: str
    where: str
    scrub: Callable[[str], str]
    section: str = "source"


@dataclass(frozen=True)
class Files:
    """Files by name, sorted; `filesystem` is fsspec's if they are not on this machine."""

    names: tuple[str, ...]
    open: Callable[[str], IO[Any]]
    filesystem: Any = None


def place(source: Source, folder: Path) -> Place:
    """The address of the source. A path without variables is shown in full, one with them as it is written."""
    written = source.address
    text = expand(written, f"{source.section}.{source.address_key}")
    named = source.iceberg is not None and not is_metadata(text)
    if source.url is not None:
        where = f"{written} table {source.table}"
    elif named or REMOTE.match(text):
        where = written
    else:
        where = written if "${" in written else _absolute(text, folder)
        text = _absolute(text, folder)
    scrub = scrubber(written, text)
    for key, value in source.catalog.items() if isinstance(source.catalog, dict) else ():
        scrub = _both(scrub, scrubber(value, expand(value, f"{source.section}.catalog.{key}")))
    return Place(text, scrub(where), scrub, source.section)


def is_metadata(iceberg: str) -> bool:
    """Return whether the address of an Iceberg table is a file, and not its name in a catalog.

    >>> is_metadata("shop.trips"), is_metadata("s3://lake/trips/metadata/00003-ab.metadata.json")
    (False, True)
    """
    return iceberg.endswith(".json")


def _both(first: Callable[[str], str], second: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: second(first(text))


def scrubber(written: str, expanded: str) -> Callable[[str], str]:
    """Return a function that replaces secret values by `${NAME}` and hides passwords of URLs.

    >>> scrubber("postgres://ann:secret@db/x", "postgres://ann:secret@db/x")("no answer from postgres://ann:secret@db/x")
    'no answer from postgres://ann:***@db/x'
    """
    hidden = {expanded: written} if "${" in written else {}
    for name in variables(written):
        value = os.environ.get(name, "")
        hidden |= dict.fromkeys(spellings(value), f"${{{name}}}")
    try:
        password = urlsplit(expanded).password or ""
    except ValueError:
        password = ""
    hidden |= {known: "***" for known in spellings(password) if known not in hidden}

    def scrub(text: str) -> str:
        for value in sorted(hidden, key=len, reverse=True):
            text = text.replace(value, hidden[value])
        return without_passwords(text)

    return scrub


def _absolute(path: str, folder: Path) -> str:
    return os.path.abspath(folder / os.path.expanduser(path))


def files(at: Place, folder: Path) -> Files:
    """The files that a path, a glob or an fsspec URL leads to, sorted by name; SourceMissing if there are none.

    Files of a Delta Lake or Iceberg table are refused: rows that the table has removed are still in them.
    """
    if at.text.startswith("file://"):
        found = _local(at, _absolute(unquote(at.text.removeprefix("file://")), folder))
    elif REMOTE.match(at.text):
        found = _remote(at)
    else:
        found = _local(at, at.text)
    if not found.names:
        what = "no file matches" if glob.has_magic(at.text) else "no such file"
        remedy = f"check {at.section}.path, or wait for the file; a relative path starts at the YAML file"
        raise SourceMissing(at.where, what, remedy)
    refuse_tables(at, found)
    return found


def _local(at: Place, path: str) -> Files:
    if os.path.isdir(path):
        raise SourceMissing(at.where, "is a folder", f"name the files in it: {at.where}/*.parquet")
    # A file may have brackets in its name; what exists as written is no pattern.
    names = (
        [path] if os.path.isfile(path) else [name for name in glob.glob(path, recursive=True) if os.path.isfile(name)]
    )
    return Files(tuple(sorted(names)), lambda name: open(name, "rb"))


def _remote(at: Place) -> Files:
    scheme = at.text.split("://")[0]
    try:
        from fsspec.core import url_to_fs

        system, path = url_to_fs(at.text)
        names = [path] if _is_file(system, path) else system.glob(path) if glob.has_magic(path) else []
        names = sorted(system.unstrip_protocol(name) for name in names if system.isfile(name))
    except ImportError as error:
        raise SourceMissing(
            at.where, at.scrub(str(error)), f"pip install fsspec and its driver for {scheme}://"
        ) from None
    except Exception as error:
        why = at.scrub(f"{type(error).__name__}: {error}")
        raise SourceMissing(at.where, why, "check the URL, the credentials and the network") from None
    return Files(tuple(names), lambda name: system.open(name, "rb"), system)


def _is_file(system: Any, path: str) -> bool:
    """Return whether there is such a file; an unavailable server raises, unlike in fsspec's `isfile`."""
    try:
        return bool(system.info(path)["type"] == "file")
    except FileNotFoundError as error:
        cause = error.__cause__
        if cause is None or getattr(cause, "status", None) in (404, 410) or isinstance(cause, FileNotFoundError):
            return False
        raise cause from None


def database_file(url: str, at: Place, folder: Path, key: str = "url") -> Path:
    """The file of a `sqlite:` or `duckdb:` URL; SourceMissing if it is not there, for engines would create it.

    `sqlite://rows.db` starts at the folder, `sqlite:////data/rows.db` at the root. Of `sqlite:///data/rows.db` the two
    conventions disagree (ibis: the root, SQLAlchemy: the folder); the one that exists is taken, the root's first.
    """
    rest = url.partition("://")[2].partition("?")[0]
    rooted = [Path("/", rest.lstrip("/"))] if rest.startswith("/") else []
    relative = [] if rest.startswith("//") else [Path(_absolute(rest.removeprefix("/"), folder))]
    for path in rooted + relative:
        if path.is_file():
            return path
    tried = " nor ".join(at.scrub(str(path)) for path in rooted + relative)
    remedy = f"check {at.section}.{key}; a relative path starts at the YAML file"
    raise SourceMissing(at.where, f"there is no database file {tried}", remedy)
