"""What the endpoint answers: a status, a body, its type and further headers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Reply:
    """A status, a body and its type."""

    status: int
    body: bytes
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


def json_reply(status: int, /, **about: Any) -> Reply:
    """Return a reply with one JSON object."""
    return Reply(status, json.dumps(about).encode())
