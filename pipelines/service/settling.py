"""Detection of complete files. Pure, except for `listing`, which reads the disk."""

from __future__ import annotations

import fnmatch
import glob
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from driftloop.monitoring import formats

# Names of unfinished files of programs that copy, download or write.
UNFINISHED = (".*", "_*", "*.tmp", "*.temp", "*.part", "*.partial", "*.crdownload", "*.filepart", "*.swp", "*~")


@dataclass(frozen=True)
class Stamp:
    """State of a file: its size, when its content changed, which file it is.

    `appeared` is when the file got this name, by a write or a rename: the newer of its two times.
    """

    size: int
    changed_ns: int
    inode: int
    appeared: datetime = field(compare=False)
    whole: bool = True


@dataclass
class Settling:
    """Reports new and changed files, once each, as soon as they have stayed the same for `settle`.

    A renamed file is complete immediately, but reported after the same short wait. A file that changes again is
    reported again once it has stayed the same.
    """

    settle: timedelta
    known: dict[str, Stamp] = field(default_factory=dict)
    _changing: dict[str, tuple[Stamp, datetime]] = field(default_factory=dict)

    def see(self, found: Mapping[str, Stamp], now: datetime) -> tuple[str, ...]:
        """Compare with the files found at `now`; return the names of newly complete files, sorted."""
        for name in self.known.keys() - found.keys():
            del self.known[name]
        for name in self._changing.keys() - found.keys():
            del self._changing[name]
        complete = []
        for name, stamp in found.items():
            if self.known.get(name) == stamp:
                self._changing.pop(name, None)
                continue
            before, since = self._changing.get(name, (None, now))
            if before != stamp:
                since = now
            self._changing[name] = (stamp, since)
            if stamp.whole and stamp.size > 0 and now - since >= self.settle:
                self.known[name] = stamp
                del self._changing[name]
                complete.append(name)
        return tuple(sorted(complete))

    @property
    def restless(self) -> bool:
        """Whether some file is still changing, so that the next look should be soon."""
        return bool(self._changing)


def listing(pattern: str) -> dict[str, Stamp]:
    """Return the files of a path, folder or glob, without files whose name marks them as unfinished."""
    if os.path.isdir(pattern):
        pattern = os.path.join(glob.escape(pattern), "*")
    names = [pattern] if os.path.isfile(pattern) else glob.glob(pattern, recursive=True)
    found = {}
    for name in names:
        if any(fnmatch.fnmatch(os.path.basename(name), shape) for shape in UNFINISHED):
            continue
        try:
            about = os.stat(name)
            if os.path.isfile(name):
                found[name] = _stamp(name, about)
        except OSError:
            continue  # gone since it was listed
    return found


def roots(pattern: str) -> tuple[Path, bool]:
    """Return the folder to watch for a path or glob (the nearest existing one), and whether to watch its subfolders.

    >>> roots("/nowhere/in/*.csv")
    (PosixPath('/'), False)
    """
    folder = Path(pattern)
    deep = glob.has_magic(str(folder.parent))
    while glob.has_magic(str(folder)) or not folder.is_dir():
        folder = folder.parent
    # New files may appear far below an existing folder; that folder is polled.
    fixed = Path(pattern).parent
    while glob.has_magic(str(fixed)):
        fixed = fixed.parent
    return folder, deep and folder == fixed


def _stamp(name: str, about: os.stat_result) -> Stamp:
    appeared = datetime.fromtimestamp(max(about.st_mtime, about.st_ctime), UTC)
    known = formats.of_path(name)
    whole = known is None or known.finished(name)
    return Stamp(about.st_size, about.st_mtime_ns, about.st_ino, appeared, whole)
