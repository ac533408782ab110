"""Wakes the service when something changes in the folders it looks at. The only user of watchfiles.

It says when to look and not what is there: a message that is lost, or a file system that sends none, costs the seconds
until the next look, and no file.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

Roots = frozenset[tuple[Path, bool]]
log = logging.getLogger("driftloop.service")


class Watch:
    """Calls `wake` after changes in the folders that were set last; with True, also in all folders below."""

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
            # Too many watches for this system, say, or a folder that went away.
            log.warning("changes are looked for every few seconds only: %s", error)
