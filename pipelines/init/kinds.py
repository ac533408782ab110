"""Kinds of the columns of a sample: numeric, categorical, or the reason why a column is skipped."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from driftloop.monitoring.settings.columns import PREDICTION
from driftloop.monitoring.settings.source import Source
from driftloop.pipelines.init.times import is_time, readings

if TYPE_CHECKING:
    import pandas as pd

# What a model said, which a log keeps beside the rows: it would leak the answer into the next one.
OUTPUTS = re.compile(
    r"(y_?)?(pred|predicted|predictions?|yhat|y_hat)|(pred|predicted|prediction)_.*|.*_(pred|prediction)"
)
# The same where the column of predictions is there too.
BESIDE_OUTPUTS = re.compile(
    r"(model|model_?(version|name|id)|version|scores?|proba.*|prob|confidence|.*_(score|proba|probability))"
)
OF_ROWS = r"(sample|row|case|survey|obs|observation|instance|importance|frequency|freq)"
WEIGHT = re.compile(rf"{OF_ROWS}_?(weights?|wgt|wt)|fnlwgt")
IDENTIFIER = re.compile(r"(^|.*[_\s.-])(id|ids|uuid|guid|hash|key|token)$|.*(Id|ID|UUID)$")
NUMBERED = re.compile(r"(^|.*[_\s.-])(nr|no|number|nummer)$|.*(Nr|No|Number|nr|nummer)$")
CODE = re.compile(r"(^|.*[_\s.-])(code|zip|zipcode|zip_code|plz|postcode|postal_code)$|^(zip|plz).*", re.IGNORECASE)
FEW_LEVELS = 20
MOSTLY = 0.9
# Whole numbers beyond it are ids: no quantity has 16 digits.
EXACT = 1 << 53


def kind_of(values: pd.Series, source: Source) -> str:
    """`numeric`, `categorical`, or the reason why the column is left out."""
    import pandas as pd

    present = values.dropna()
    if not str(values.name) or present.empty:
        return "no name" if not str(values.name) else "only nulls"
    if is_time(values) or readings(values, source):
        return "a time"
    try:
        distinct = present.nunique()
    except TypeError:
        return "nested values"
    if distinct == 1:
        return "constant"
    if pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype):
        return _kind_of_numbers(present, distinct)
    return _kind_of_text(present, distinct)


def plain_name(name: str) -> str:
    """Return a name as the patterns of names are written.

    >>> plain_name(" Model Version ")
    'model_version'
    """
    return re.sub(r"[\s.-]+", "_", name.strip().casefold())


def outputs(names: list[str]) -> dict[str, str]:
    """Columns with outputs of a model, found by their names."""
    plain = {name: plain_name(name) for name in names}
    found = {name: "a model's output, by its name" for name in names if OUTPUTS.fullmatch(plain[name])}
    if found:
        found |= {
            name: f"about a model's output, by its name next to {next(iter(found))}"
            for name in names
            if name not in found and BESIDE_OUTPUTS.fullmatch(plain[name])
        }
    if PREDICTION in names:
        found[PREDICTION] = f"a model's output; to use it: columns.derived: {{logged_{PREDICTION}: {PREDICTION}}}"
    return found


def weight_of(frame: pd.DataFrame, numeric: list[str]) -> str | None:
    """Return the column that is called like the weight of a row, if none of its values is missing or below 0.

    A column called `weight` alone may be that of a parcel, and stays a feature.
    """
    for name in numeric:
        plain = plain_name(name)
        if WEIGHT.fullmatch(plain) and frame[name].notna().all() and float(frame[name].min()) >= 0:
            return name
    return None


def _kind_of_text(present: pd.Series, distinct: int) -> str:
    if distinct <= FEW_LEVELS or (distinct <= 0.5 * len(present) and _come_back(present)):
        return "categorical"
    if present.astype(str).str.contains(r"\d[.,]\d").mean() >= MOSTLY:
        return f"text that holds numbers, such as {present.iloc[0]!r}; to use them: columns.derived"
    return "free text" if present.astype(str).str.count(r"\s").median() >= 2 else "an identifier"


def _kind_of_numbers(present: pd.Series, distinct: int) -> str:
    whole = bool((present % 1 == 0).all())
    if not whole:
        return "numeric"
    name = str(present.name)
    if distinct > FEW_LEVELS and distinct == len(present) and _counts_on(present):
        return "a row number"
    if present.abs().min() > EXACT:
        return "categorical" if distinct <= FEW_LEVELS or _come_back(present) else "an identifier"
    called = CODE.fullmatch(name) or IDENTIFIER.fullmatch(name)
    if called or NUMBERED.fullmatch(name):
        unique = distinct > FEW_LEVELS and (distinct > 0.5 * len(present) or not _come_back(present))
        return "an identifier" if unique else "categorical" if called else "numeric"
    return "numeric"


def _counts_on(present: pd.Series) -> bool:
    """Whether the numbers rise or fall with the rows all along."""
    import numpy as np

    ranks, places = present.rank().to_numpy(), np.arange(len(present))
    return bool(abs(np.corrcoef(ranks, places)[0, 1]) > 0.999)


def _come_back(present: pd.Series) -> bool:
    """Whether most values of the newer rows were there in the older ones: else a model can learn nothing from them."""
    at = int(len(present) * 0.7)
    return bool(present.iloc[at:].isin(present.iloc[:at]).mean() >= 0.5)
