"""Text files in another encoding than UTF-8: copies in UTF-8, which engines read in their place.

Copies are in a temporary folder of this process, under the whole path of their file, and made again when it changes.
"""

from __future__ import annotations

import codecs
import os
import shutil
import tempfile
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import IO

from driftloop.monitoring.errors import SourceUnreadable
from driftloop.monitoring.formats.base import CHUNK, unpacked
from driftloop.monitoring.sources.places import Files, Place

COPIES: dict[str, tuple[int, int, str]] = {}
COPYING = threading.Lock()


@cache
def _folder() -> str:
    """The folder of the copies of files on this machine, removed at the end of the process."""
    return _KEPT.enter_context(tempfile.TemporaryDirectory(prefix="driftloop-utf8-"))


_KEPT = ExitStack()


def in_utf8(found: Files, at: Place, encoding: str, stack: ExitStack) -> tuple[Files, Place]:
    """Return copies of the files in UTF-8, and the place under whose name errors show them.

    Copies of files elsewhere are removed with the stack. SourceUnreadable where the bytes are not in the encoding.
    """
    here = found.filesystem is None
    folder = _folder() if here else stack.enter_context(tempfile.TemporaryDirectory(prefix="driftloop-utf8-"))
    names = []
    for name in found.names:
        copy = os.path.join(folder, name.replace("://", "/").lstrip("/"))
        with COPYING:
            _renew(copy, name if here else None, at.scrub(name), partial(found.open, name), encoding)
        names.append(copy)

    def scrub(text: str) -> str:
        return at.scrub(text.replace(f"{folder}/", "/" if here else ""))

    return Files(tuple(names), lambda name: open(name, "rb")), replace(at, scrub=scrub)


def _renew(copy: str, name: str | None, where: str, opener: Callable[[], IO[bytes]], encoding: str) -> None:
    facts = os.stat(name) if name is not None else None
    key = (facts.st_mtime_ns, facts.st_size, encoding) if facts is not None else (0, 0, encoding)
    if facts is not None and COPIES.get(copy) == key and os.path.exists(copy):
        return
    Path(copy).parent.mkdir(parents=True, exist_ok=True)
    decoder = codecs.getincrementaldecoder(encoding)()
    with unpacked(opener) as source, open(f"{copy}.new", "wb") as target:
        try:
            while chunk := source.read(CHUNK):
                target.write(decoder.decode(chunk).encode())
            target.write(decoder.decode(b"", final=True).encode())
        except UnicodeError as error:
            remedy = "correct source.encoding, or write the file in UTF-8 and remove it"
            raise SourceUnreadable(where, f"not {encoding}: {error}", remedy) from None
    shutil.move(f"{copy}.new", copy)
    COPIES[copy] = key
