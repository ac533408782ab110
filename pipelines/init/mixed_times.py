"""Times of one column that are written in several forms: which ones, if each value is read in one way only."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from driftloop.monitoring.sources.time_forms import forms_of, reads

if TYPE_CHECKING:
    import pandas as pd

# ISO 8601 among other forms, for which a column of its own needs no format.
ISO = ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S")
MOST = 3
# A column is one of times if this share of its values is.
ENOUGH = 0.5
LOOKED_AT = 2000


def forms(values: pd.Series) -> dict[str, int] | None:
    """Return the forms that read all values of a column of text, with their number of values; None if none do.

    A value that two of them read differently, such as 01/02/2026 by day and by month, is a reason for None.

    >>> import pandas as pd
    >>> forms(pd.Series(["31.01.2026", "2026-02-01", "2026-02-02"]))
    {'%Y-%m-%d': 2, '%d.%m.%Y': 1}
    >>> forms(pd.Series(["31/01/2026", "02/28/2026"])) is None
    True
    """
    texts = values.drop_duplicates()
    if len(texts) > LOOKED_AT:
        texts = texts.iloc[:: len(texts) // LOOKED_AT]
    found = {text: readable(text) for text in texts}
    if not all(found.values()):
        return None
    chosen: list[str] = []
    left = dict(found)
    while left and len(chosen) < MOST:
        ((best, _),) = Counter(form for ways in left.values() for form in ways).most_common(1)
        chosen.append(best)
        left = {text: ways for text, ways in left.items() if best not in ways}
    by_order = {"".join(sorted(form)) for form in chosen}
    if left or len(by_order) < max(len(chosen), 2) or any(len(set(ways) & set(chosen)) > 1 for ways in found.values()):
        return None
    counts = Counter(next(form for form in found[text] if form in chosen) for text in found)
    return dict(counts.most_common())


def readable(text: str) -> tuple[str, ...]:
    """Return all forms that read a text, those of ISO 8601 included."""
    return (*(form for form in ISO if reads(text, form)), *forms_of(text))


def sql(column: str, mixed: dict[str, int]) -> str:
    """Return the SQL of DuckDB that reads several forms; `column` is SQL."""
    return f"strptime({column}, [{', '.join(repr(form) for form in mixed)}])"


def hint(values: pd.Series) -> str:
    """Return what keeps a column of text from being one of times, empty if it is far from that.

    >>> import pandas as pd
    >>> hint(pd.Series(["31/01/2026", "30/01/2026", "02/28/2026"], name="day"))
    "'day' mixes forms: '31/01/2026' (as %d/%m/%Y), '02/28/2026' (as %m/%d/%Y)"
    >>> hint(pd.Series(["31.01.2026", "1.2.2026", "soon"], name="day"))
    "'day' has 1 of 3 values that are no times, such as 'soon'"
    """
    import pandas as pd

    present = values.dropna()
    if present.empty or pd.api.types.is_numeric_dtype(values.dtype):
        return ""
    texts = [text for text in present.head(LOOKED_AT) if isinstance(text, str)]
    ways = {text: readable(text) for text in dict.fromkeys(texts)}
    odd = [text for text in texts if not ways[text]]
    if len(odd) > (1 - ENOUGH) * len(texts) or not texts:
        return ""
    if odd:
        return f"{str(values.name)!r} has {len(odd):,} of {len(texts):,} values that are no times, such as {odd[0]!r}"
    examples: dict[str, str] = {}
    for text, found in ways.items():
        if not set(found) & set(examples):
            examples[found[0]] = text
    return f"{str(values.name)!r} mixes forms: " + ", ".join(
        f"{text!r} (as {form})" for form, text in list(examples.items())[:MOST]
    )
