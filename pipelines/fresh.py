"""Canonical rows of a span with a digest of their content: what a flow and a backtest read. Knows no Prefect."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from monitoring import sources
from monitoring.conform import conform
from monitoring.records import Finding, Window
from monitoring.windows import within

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
        return within(self.frame, time, window)


def read_fresh(config: Monitored, window: Window, folder: Path) -> Fresh:
    """Read the rows of a span from the source, in order of time, and make them canonical."""
    rows = sources.read_rows(config.source, config.columns, window, folder)
    frame, findings = conform(rows.frame, config)
    return Fresh(frame, findings, rows.schema, rows.in_order, content_digest(frame))


def content_digest(frame: pd.DataFrame) -> str:
    """A name for the content of rows, whatever their order: 32 hexadecimal characters."""
    hashed = np.sort(pd.util.hash_pandas_object(frame, index=False).to_numpy())
    named = hashlib.sha256("\x1f".join(map(str, frame.columns)).encode())
    named.update(hashed.tobytes())
    return named.hexdigest()[:32]
