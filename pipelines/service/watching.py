"""Notices changes in the watched folders and wakes the service. The only user of watchfiles.

It reports when to look, not what has changed: a lost message, or a file system that sends none, costs only the seconds
until the next look.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

Roots = frozenset[tuple[Path, bool]]
log = logging.getLogger("driftloop.service")


class Watch:
    """Calls `wake` after changes in the current folders; with True, also in all their subfolders."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._roots: Roots = frozenset()
        self._stop = threading.Event()

    def set(self, roots: Roots) -> None:
        """Watch these folders from now on, and no others."""
        if roots == self._roots:
            return
        self.stop()
        self._stop, self._roots = threading.Event(), roots
        for deep in (False, True):
            folders = sorted(str(folder) for folder, below in roots if below == deep)
            if folders:
                arguments = (folders, deep, self._stop)
                threading.Thread(target=self._serve, args=arguments, name="watch", daemon=True).start()

    def stop(self) -> None:
        self._stop.set()

    def _serve(self, folders: list[str], deep: bool, stop: threading.Event) -> None:
        from watchfiles import watch

        try:
            for _ in watch(
                *folders,
                recursive=deep,
                stop_event=stop,
                watch_filter=None,
                debounce=200,
                ignore_permission_denied=True,
            ):
                self._wake()
        except Exception as error:
            # For example too many watches for this system, or a folder that was deleted.
            log.warning("folders cannot be watched, so files are checked every few seconds instead: %s", error)
