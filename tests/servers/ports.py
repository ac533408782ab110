"""A free local port. No server is started here."""

from __future__ import annotations

import socket


def free_port() -> int:
    """A port of 127.0.0.1 that no one listens on at this moment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
