"""What pages refer to in the state folder: the script that draws them, and the page of their model.

The script has 3.5 MB, is the same in all pages, and is stored once next to them.
A page in memory has a mark in its place. On disk it refers to the stored script, relative to the page, so that a moved
state folder keeps its pages; a page that leaves the folder gets the whole script again, and loses the link to the
model's page.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path

MARK = '<script data-driftloop="shared script"></script>'
# Only scripts of the page itself, or next to it: no other host.
ALONE, SHARED = "script-src 'unsafe-inline'", "script-src 'self' 'unsafe-inline'"
BACK = re.compile(r'<nav class="back"><a href="([^"<>]*)">[^<]*</a></nav>\n')
REFERENCE = re.compile(r'<script src="([^"<>]*/evidently-[0-9a-f]{12}\.js)"></script>')


def detached(page: str) -> str:
    """Return a page with the mark in place of the script of the installed Evidently; another page as it is."""
    script = _script()
    return page if script is None else page.replace(f"<script>{script}</script>", MARK, 1)


def attached(page: str, path: Path, scripts: Path) -> str:
    """Return a page that will be written to `path`, with a reference to the script in the folder `scripts`.

    The script is stored there if it is missing.
    """
    script = _script()
    if MARK not in page or script is None:
        return page
    file = scripts / f"evidently-{hashlib.sha256(script.encode()).hexdigest()[:12]}.js"
    if not file.is_file():
        _store(script, file)
    place = Path(os.path.relpath(file, path.parent)).as_posix()
    return page.replace(ALONE, SHARED, 1).replace(MARK, f'<script src="{place}"></script>', 1)


def whole(page: str, path: Path | None = None) -> str:
    """Return a page, read from `path` or in memory, that needs no other file, unless its stored script is gone."""
    page = BACK.sub("", page, count=1)
    script, found = _script(), REFERENCE.search(page)
    if found is not None and path is not None:
        file = path.parent / found.group(1)
        if not file.is_file():
            return page
        page = page.replace(SHARED, ALONE, 1).replace(found.group(), MARK, 1)
        script = file.read_text("utf-8")
    return page if script is None else page.replace(MARK, f"<script>{script}</script>", 1)


def _store(script: str, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=".", suffix=".tmp")
    with os.fdopen(handle, "w", encoding="utf-8") as to:
        to.write(script)
    Path(temporary).chmod(0o644)
    Path(temporary).replace(file)


@cache
def _script() -> str | None:
    """Return the script of the installed Evidently, without importing it."""
    found = find_spec("evidently")
    places = list(found.submodule_search_locations or ()) if found is not None else []
    file = Path(places[0]) / "nbextension" / "static" / "index.js" if places else None
    return file.read_text("utf-8") if file is not None and file.is_file() else None
