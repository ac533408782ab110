"""A challenger in shadow that answers a share of the requests, and which ones: the same ids all the time."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, field

import pandas as pd

from driftloop.monitoring.errors import DriftloopError
from driftloop.monitoring.served.errors import ServingError
from driftloop.monitoring.served.spelling import labels
from driftloop.pipelines.scoring import bodies
from driftloop.pipelines.scoring.loaded import Asked, Loaded, Scored
from driftloop.pipelines.scoring.refusals import Refused

log = logging.getLogger("driftloop.scoring")


@dataclass
class Canary:
    """A challenger that is loaded, and its share of the requests: 0 to 1. `problem` is the last one it had."""

    loaded: Loaded
    share: float
    problem: str | None = field(default=None)

    def takes(self, key: bytes) -> bool:
        """Return whether the request of this key is its own. Another challenger gets other keys.

        The hash of a key is uniform between 0 and 1; the share is what is below it.
        """
        mixed = hashlib.blake2b(self.loaded.version.model_id.encode() + b"\0" + key, digest_size=8).digest()
        return int.from_bytes(mixed, "big") < self.share * 2**64

    def failed(self, error: Exception) -> None:
        """Remember and log why the champion answered in its place; the same reason is logged once."""
        problem = f"{type(error).__name__}: {error}"
        if problem != self.problem:
            version = self.loaded.version
            log.warning("%s: the champion answers in place of version %s: %s", version.model, version.number, problem)
        self.problem = problem


def key_of(loaded: Loaded, asked: Asked, body: bytes) -> bytes:
    """Return what names a request: the id of its first row, the whole body if that has none.

    A request is answered by one version; so the other rows of a request follow its first one.
    """
    columns = loaded.config.columns.id
    if not columns or not asked.count or any(name not in asked.columns for name in columns):
        return body
    first = [labels(pd.Series(asked.columns[name], copy=False).head(1)).iloc[0] for name in columns]
    if any(one is None for one in first):
        return body
    return "\x1f".join(map(str, first)).encode()


def score(champion: Loaded, canary: Canary | None, kind: str, body: bytes) -> Scored:
    """Predict the rows of a body by the champion, or by the challenger in shadow if the request is one of its share.

    What the challenger cannot answer, for a column that only it needs say, the champion answers. Raises as
    `Loaded.score`.
    """
    rows = bodies.parsed(kind, body)
    asked = champion.read(rows)
    if canary is not None and canary.takes(key_of(champion, asked, body)):
        try:
            return canary.loaded.scored(canary.loaded.read(rows))
        except (Refused, ServingError, DriftloopError) as error:
            canary.failed(error)
    return champion.scored(asked)
