"""Reading as both flows do it: a task with retries, canonical rows with a digest of their content."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from prefect import task
from prefect.cache_policies import NO_CACHE

from monitoring import sources
from monitoring.conform import conform
from monitoring.errors import SourceMissing
from monitoring.records import Finding, Window
from monitoring.windows import inside

if TYPE_CHECKING:
    from monitoring.config import Monitored


@dataclass(frozen=True)
class Fresh:
    """The rows of a span, canonical, with what had to be bent and the names and types of the source's columns."""

    frame: pd.DataFrame
    findings: tuple[Finding, ...]
    source_types: dict[str, str]
    in_order: bool
    digest: str

    def within(self, window: Window, time: str) -> pd.DataFrame:
        return self.frame.loc[inside(self.frame[time], window)]


def _may_help(task: Any, run: Any, state: Any) -> bool:
    """A retry helps where a file or server is not there yet; broken content stays broken."""
    try:
        state.result()
    except (SourceMissing, OSError):
        return True
    except Exception:
        return False
    return False


@task(name="read rows", retries=2, retry_delay_seconds=[0.5, 2], retry_condition_fn=_may_help, cache_policy=NO_CACHE)
def read(config: Monitored, window: Window, folder: Any) -> Fresh:
    """Read the rows of a span from the source and make them canonical."""
    rows = sources.read_rows(config.source, config.columns, window, folder)
    frame, findings = conform(rows.frame, config)
    return Fresh(frame, findings, rows.schema, rows.in_order, content_digest(frame))


def content_digest(frame: pd.DataFrame) -> str:
    """A name for the content of rows, whatever their order: 32 hexadecimal characters."""
    hashed = np.sort(pd.util.hash_pandas_object(frame, index=False).to_numpy())
    named = hashlib.sha256("\x1f".join(map(str, frame.columns)).encode())
    named.update(hashed.tobytes())
    return named.hexdigest()[:32]
