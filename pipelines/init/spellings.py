"""Categories of a sample that are spelled in several ways: `web`, `Web` and `WEB`, or with a space at the end."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources.engines import column_sql

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 4


def spellings(values: pd.Series) -> tuple[str, ...]:
    """Return the levels of text that differ from another level in case or outer spaces only, the first few by name.

    >>> import pandas as pd
    >>> spellings(pd.Series(["web", "WEB", "app", "Web"])), spellings(pd.Series(["true", "True", 1.0]))
    (('WEB', 'Web', 'web'), ('True', 'true'))
    """
    alike: dict[str, set[str]] = defaultdict(set)
    for value in values.dropna().unique():
        if isinstance(value, str):
            alike[value.strip().casefold()].add(value)
    several = sorted(text for texts in alike.values() if len(texts) > 1 for text in texts)
    return tuple(several[:SHOWN])


def one_spelling(name: str, texts: tuple[str, ...], source: Source) -> str:
    """Return the SQL that makes one level of those that differ in case, and in outer spaces if any do."""
    column = column_sql(source, name)
    return f"lower(trim({column}))" if any(text != text.strip() for text in texts) else f"lower({column})"
