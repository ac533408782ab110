"""From whatever a source delivers to canonical columns: float64, text or None, UTC time. Reports what it had to change.

Evidently silently skips a dozen dtypes and some text breaks it; after this step there are only two kinds of column.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from driftloop.monitoring.errors import DuplicateColumns, MissingColumns, clipped
from driftloop.monitoring.rows.coerced import CUT, LONGEST_TEXT, Coerced
from driftloop.monitoring.rows.rounding import rounded
from driftloop.monitoring.served.reading import read
from driftloop.monitoring.served.spelling import coded as codes_of
from driftloop.monitoring.served.spelling import labels

if TYPE_CHECKING:
    from driftloop.monitoring.settings.judged import HasColumns


def conform(frame: pd.DataFrame, config: HasColumns) -> tuple[pd.DataFrame, tuple[Coerced, ...]]:
    """Time as it is, features and target as float64 (NaN is null) or text (None is null), in the config's order.

    Columns of the id come after the time, as whole numbers or text, then the weight as float64, and then those that no
    model uses.

    With it how each column came. A column that is not there raises `MissingColumns`, one that is there twice
    `DuplicateColumns`.
    """
    made, coerced = coded(frame, config)
    return plain(made), coerced


def coded(frame: pd.DataFrame, config: HasColumns) -> tuple[pd.DataFrame, tuple[Coerced, ...]]:
    """The rows as `conform` gives them, with `pd.Categorical` in place of text: a code a row and each text once."""
    columns = config.columns
    used = (*columns.features, columns.target)
    judged = (*columns.extra_alone(), *used)
    numeric = {*columns.extra_alone("numeric"), *(name for name in used if config.kind(name) == "numeric")}
    needed = (columns.time, *columns.id_alone, *columns.of_weight, *judged)
    there = frame.columns.tolist()
    times = Counter(there)
    lost = [name for name in needed if not times[name]]
    if lost:
        raise MissingColumns("the rows", lost, map(str, there))
    twice = [name for name in needed if times[name] > 1]
    if twice:
        raise DuplicateColumns("the rows", twice)
    made: dict[str, pd.Series[Any]] = {columns.time: frame[columns.time]}
    made |= {name: ids(frame[name]) for name in columns.id_alone}
    coerced: list[Coerced] = []
    for name in columns.of_weight:
        made[name], came = weights(frame[name], name)
        coerced.append(came)
    for name in judged:
        if name in numeric:
            made[name], came = numbers(frame[name], name)
            coerced.append(came)
        else:
            made[name], came = categories(frame[name], name)
            coerced.append(came)
    numbered = {name: values.reset_index(drop=True) for name, values in made.items()}
    return pd.DataFrame(numbered, copy=False), tuple(coerced)


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows with each `pd.Categorical` of text as that text, null as None.

    >>> plain(pd.DataFrame({"c": pd.Categorical(["a", None])}))["c"].tolist()
    ['a', None]
    """
    texts: dict[str, pd.Series[Any]] = {}
    for name, values in frame.items():
        if isinstance(values.dtype, pd.CategoricalDtype):
            spelled = np.array([*values.cat.categories, None], dtype=object)
            texts[str(name)] = pd.Series(spelled[values.cat.codes], index=frame.index, dtype=object)
    return frame.assign(**texts)


def numbers(values: pd.Series[Any], name: str) -> tuple[pd.Series[Any], Coerced]:
    """Return values as float64. Text is converted; other text and infinity become null and are reported.

    Booleans are 0 and 1, time spans are seconds; a moment is not a number. Numbers are read as Python writes them: no
    decimal comma, no thousands sign. Words for missing values ("", "nan", "null" and others) are null.

    >>> made, coerced = numbers(pd.Series(["1e5", " 12 ", "1.5%", "", "inf"]), "fare")
    >>> made.tolist()
    [100000.0, 12.0, nan, nan, nan]
    >>> [finding.message for finding in coerced.findings()]  # doctest: +NORMALIZE_WHITESPACE
    ["fare is numeric in the config and arrived as str: 1 of 4 values is not a number, such as '1.5%'",
     'fare has 1 infinite value in 5 rows; it counts as null']
    """
    came = read(values)
    infinite = np.isinf(came.made)
    lost = int(came.lost.sum())
    place = values.attrs.get("places", {}).get(name, "")
    made = np.where(infinite, np.nan, came.made) if infinite.any() else came.made
    coerced = Coerced(
        name,
        rows=len(values),
        given=int((~np.isnan(came.made) | came.lost).sum()),
        lost=lost,
        infinite=int(infinite.sum()),
        text=came.text,
        came_as="text" if "places" in values.attrs else str(values.dtype),
        example=clipped(repr(str(values.iloc[int(came.lost.argmax())])), 40) + (f" ({place})" if place else "")
        if lost
        else "",
        rounded=rounded(values),
        low=float(np.fmin.reduce(made, initial=math.inf)),
        high=float(np.fmax.reduce(made, initial=-math.inf)),
    )
    return pd.Series(made, index=values.index, copy=False), coerced


def weights(values: pd.Series[Any], name: str) -> tuple[pd.Series[Any], Coerced]:
    """Return weights as float64, infinite ones included: those that cannot be used are reported by their numbers.

    >>> weights(pd.Series(["2", "inf", "x"]), "w")[0].tolist()
    [2.0, inf, nan]
    """
    made, came = numbers(values, name)
    if came.infinite:
        made = pd.Series(read(values).made, index=values.index, copy=False)
    # The limits of a feature do not hold for a weight.
    return made, replace(came, infinite=0, rounded=0, low=math.inf, high=-math.inf)


def categories(values: pd.Series[Any], name: str) -> tuple[pd.Series[Any], Coerced]:
    """Return values as categories without text of megabytes, and how many were cut, here or by the engine."""
    codes, texts = codes_of(values)
    long = [text is not None and len(text) > LONGEST_TEXT for text in texts]
    cut = int(np.append(long, False)[codes].sum())
    # What is spelled or cut alike is one category; a spelling may be null.
    one = pd.factorize(np.array([shortened(text) if text else text for text in texts], dtype=object))
    made = pd.Categorical.from_codes(np.append(one[0], -1)[codes], categories=pd.Index(one[1], dtype=object))
    return pd.Series(made), Coerced(name, len(codes), 0, 0, 0, text=False, came_as="", example="", cut=cut)


def shortened(text: str) -> str:
    """Long text cut, with the checksum of what it was; what engines have cut stays as it is."""
    end = text[LONGEST_TEXT:]
    if len(text) <= LONGEST_TEXT or (end.startswith(CUT) and len(end) == len(CUT) + 32):
        return text
    return text[:LONGEST_TEXT] + CUT + hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def ids(values: pd.Series[Any]) -> pd.Series[Any]:
    r"""Values of an id: whole numbers as they are, all else as text, null as None.

    >>> ids(pd.Series(["a", None, "b\0"], dtype="str")).tolist(), ids(pd.Series([1.0, 2.5])).tolist()
    (['a', None, 'b\ufffd'], ['1', '2.5'])
    """
    if pd.api.types.is_integer_dtype(values.dtype) and values.notna().all():
        return values
    if isinstance(values.dtype, pd.StringDtype) and not values.str.contains("\0", regex=False).any():
        # Text is its own spelling, and ids differ from row to row: nothing is gained by looking at each one once.
        texts: Any = values
        return pd.Series(np.asarray(texts.to_numpy(dtype=object, na_value=None)), index=values.index, dtype=object)
    return labels(values)
