"""Columns of a few whole numbers that may be codes, such as a region or the number of a store, and no amounts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

# Words of a name, in small letters.
CODES = (
    "region area zone district sector country state city county province department dept division team store "
    "shop branch outlet market site station location warehouse depot plant line machine device sensor unit "
    "vendor supplier carrier operator channel source platform campaign plan tariff product item sku brand "
    "model category cat type kind class group segment cluster status code mode reason cause method sex gender "
    "race ethnicity occupation industry job weather season holiday nr no number nummer filiale gruppe typ art"
)
AMOUNTS = (
    "count counts cnt num n qty quantity amount age year years month months week weeks day days hour hours "
    "weekday weekdays dow weekend minute minutes second seconds duration items pieces rooms bedrooms "
    "bathrooms floors beds persons people passengers guests visits clicks views orders calls purchases "
    "children kids dependents rank rating score stars level grade size price cost total sum lag tenure "
    "distance weight height width length"
)
_CODES, _AMOUNTS = frozenset(CODES.split()), frozenset(AMOUNTS.split())
FEW, MANY = 20, 200
ROWS_PER_VALUE = 10


def likely_codes(frame: pd.DataFrame, names: Iterable[str]) -> dict[str, int]:
    """Return the columns of whole numbers that may be codes, with how many values they have.

    A name decides, if it has a word such as region or count. Otherwise a few values that are about as frequent as each
    other, or far apart, are codes; those that get rarer to one side or both are counts.

    >>> import pandas as pd
    >>> likely_codes(pd.DataFrame({"store": [4, 8, 15] * 20, "n_items": [1, 2, 3] * 20}), ["store", "n_items"])
    {'store': 3}
    """
    found = {}
    for name in names:
        counts = frame[name].dropna().value_counts().sort_index()
        if not 3 <= len(counts) <= MANY or counts.sum() < ROWS_PER_VALUE * len(counts):
            continue
        values = np.asarray(counts.index, dtype=np.float64)
        if (values % 1 != 0).any() or values.min() < 0:
            continue
        words = _words(name)
        if words & _CODES or (
            len(counts) <= FEW and not words & _AMOUNTS and not _are_counts(values, counts.to_numpy())
        ):
            found[name] = len(counts)
    return found


def _words(name: str) -> set[str]:
    """The words of a name.

    >>> sorted(_words("storeNumber_2")), sorted(_words("Shop-ID"))
    (['number', 'store'], ['id', 'shop'])
    """
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return {word.casefold() for word in re.findall(r"[^\W\d_]+", apart)}


def _are_counts(values: np.ndarray, rows: np.ndarray) -> bool:
    """Whether neighboring numbers rise to one peak and fall from it, further than chance explains."""
    if (np.diff(values) > 1).mean() > 0.5:
        return False
    steps = np.diff(rows.astype(np.float64))
    beyond = np.abs(steps) > 3 * np.sqrt(rows[:-1] + rows[1:])
    signs = np.sign(steps[beyond])
    one_peak = not ((signs[:-1] < 0) & (signs[1:] > 0)).any()
    return bool(one_peak and rows[-1] < rows.max() / 2)
