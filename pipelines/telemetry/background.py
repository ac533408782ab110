"""Delivery to another tool with a limit: work that goes on in the background when its time is up."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

# A tool that does not answer delays a check or a training run by no more.
SECONDS = 2.0
log = logging.getLogger("driftloop.telemetry")


def deliver(name: str, send: Callable[[], object], seconds: float = SECONDS) -> bool:
    """Send in a thread, and return whether that succeeded within the limit; log a warning if not. Nothing is raised.

    A thread whose time is up goes on until the process ends: a service still delivers what is late.
    """
    failed: list[str] = []

    def attempt() -> None:
        try:
            if send() is False:
                failed.append("it was refused")
        except Exception as error:
            # Without its text, which may contain an address with its secret.
            failed.append(type(error).__name__)

    thread = threading.Thread(target=attempt, name=f"driftloop {name}", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        log.warning("%s not delivered within %g s", name, seconds)
        return False
    if failed:
        log.warning("%s not delivered: %s", name, failed[0])
    return not failed
