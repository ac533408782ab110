"""Access to the ports of the service and the scorer: who may send requests, and the socket that they listen on."""

from __future__ import annotations

import base64
import hmac
import socket
from collections.abc import Mapping

from driftloop.monitoring.errors import DriftloopError

HERE = frozenset({"127.0.0.1", "localhost"})
NEEDS_TOKEN = "send the header Authorization: Bearer TOKEN, with the value of DRIFTLOOP_TOKEN"  # noqa: S105
NOT_LOCAL = "this endpoint answers to localhost only"


class TokenMissing(DriftloopError):
    """The endpoint would be open to other machines, where anyone could send requests."""

    def __init__(self, host: str) -> None:
        super().__init__(
            f"refusing to listen on {host}, which other machines can reach, without DRIFTLOOP_TOKEN",
            expected="DRIFTLOOP_TOKEN in the environment, or 127.0.0.1",
            remedy="export DRIFTLOOP_TOKEN=$(openssl rand -hex 16), or omit --host",
        )


class PortTaken(DriftloopError):
    """The endpoint cannot listen on the address."""

    def __init__(self, host: str, port: int, why: str) -> None:
        super().__init__(
            f"the endpoint cannot listen on {host}:{port}: {why}",
            expected="an address of this machine and a free port",
            remedy="choose another port with --port (0: any free port), or stop the service that uses it",
        )


def is_local(host: str, token: str | None) -> bool:
    """Return whether only this machine reaches an address; `TokenMissing` if others do and there is no token."""
    if host not in HERE and not token:
        raise TokenMissing(host)
    return host in HERE


def is_foreign(headers: Mapping[str, str], *, local: bool) -> bool:
    """Return whether a request to a local endpoint came by another name than this machine's, as from a web page.

    The names of the headers are in lower case.
    """
    return local and headers.get("host", "").partition(":")[0].lower() not in HERE


def knows(header: str, token: str) -> bool:
    """Return whether a header `Authorization` has the token."""
    kind, _, given = header.partition(" ")
    return kind.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())


def knows_password(header: str, token: str) -> bool:
    """Return whether a header `Authorization` has the token as a password, as browsers send it."""
    kind, _, given = header.partition(" ")
    try:
        password = base64.b64decode(given.strip(), validate=True).partition(b":")[2]
    except ValueError:
        return False
    return kind.lower() == "basic" and hmac.compare_digest(password, token.encode())


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 is any free one. `PortTaken` if that is not possible."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
        made.listen(1024)
    except (OSError, OverflowError) as error:
        made.close()
        raise PortTaken(host, port, getattr(error, "strerror", None) or str(error)) from None
    return made
