"""The target of a sample, and the task that its values set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftloop.monitoring.errors import ConfigError, clipped
from driftloop.monitoring.settings.columns import PREDICTION
from driftloop.monitoring.tasks import Task
from driftloop.pipelines.init.kinds import FEW_LEVELS

if TYPE_CHECKING:
    import pandas as pd

TARGET_NAMES = (
    *("target", "y", "label", "class", "outcome", "response", "y_true", "ground_truth", "truth", "actual"),
    *("churn", "churned", "converted", "is_fraud", "fraud", "default", "defaulted", "stars", "rating"),
)
# Whole numbers of more values than a rating has are classes only where each of them is common.
RATING = 11
MANY_CLASSES = 50


def chosen_target(read: pd.DataFrame, kinds: dict[str, str], given: str | None, time: str) -> tuple[str, bool]:
    """The target, and whether it was named. A column without anything to learn is refused, or passed over."""
    if given is not None:
        why = "the time column" if given == time else _no_target(read[given], kinds[given], given)
        if why:
            raise ConfigError(
                "init",
                "--target",
                f"{given!r} cannot be the target: {why}",
                expected="a column of numbers or classes that varies",
                remedy=_instead(given, why),
            )
        return given, True
    usable = {name: kind for name, kind in kinds.items() if not _no_target(read[name], kind, name, guessed=True)}
    if not usable:
        raise ConfigError(
            "init",
            "--target",
            f"no column can be the target: {reasons(kinds)}" if kinds else f"{time!r} is the only column",
            expected="a column of numbers or classes that varies, and features to predict it from",
            remedy="give a file or table with such columns; name the target with --target",
        )
    known = {name.casefold(): name for name in kinds}
    named = [known[name] for name in TARGET_NAMES if name in known]
    found = next((name for name in named if name in usable), None)
    if found is not None:
        return found, True
    broken = next((name for name in named if kinds[name] in ("only nulls", "constant")), None)
    if broken is not None:
        raise ConfigError(
            "init",
            "--target",
            f"{broken!r} is called like a target and has {'one value' if kinds[broken] == 'constant' else 'no values'}",
            expected="a column of numbers or classes that varies",
            remedy="give rows with labels, or name another column with --target",
        )
    late = [name for name in usable if _comes_late(read[name])]
    return (late or list(usable))[-1], False


def task_of(values: pd.Series) -> Task:
    """Return the task of a target: `binary`, `multiclass` or `regression`."""
    import pandas as pd

    present = values.dropna()
    distinct = present.nunique()
    if distinct <= 2:
        return "binary"
    if not pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_bool_dtype(values.dtype):
        return "multiclass"
    if distinct > FEW_LEVELS or not (present % 1 == 0).all():
        return "regression"
    rarest = present.value_counts().min() / len(present)
    return "multiclass" if distinct <= RATING or rarest >= 0.005 else "regression"


def second_share(labels: pd.Series) -> float:
    """The share of the second most frequent class, of which there must be enough in every window."""
    shares = labels.dropna().value_counts(normalize=True)
    return float(shares.iloc[1]) if len(shares) > 1 else 1.0


def _no_target(values: pd.Series, kind: str, name: str, *, guessed: bool = False) -> str:
    """Why a column cannot be the target; empty if it can. A given one may be what a guess would pass over."""
    if kind == "constant":
        return f"it has the single value {clipped(str(values.dropna().iloc[0]), 40)!r}"
    if name == PREDICTION:
        return f"{PREDICTION!r} is the name of the model's own output"
    if kind in {"numeric", "categorical"}:
        many = guessed and kind == "categorical" and values.nunique() > MANY_CLASSES
        return f"{values.nunique():,} different texts" if many else ""
    if kind in {"only nulls", "nested values", "free text", "no name"} or guessed:
        return kind
    numbers = kind in {"an identifier", "a row number"} and values.dtype.kind in "iuf"
    return "" if numbers or kind.startswith(("a model", "about a model")) else kind


def _instead(given: str, why: str) -> str:
    if given == PREDICTION:
        return (
            f"rename the column, or write the model file with columns.derived: {{logged: {PREDICTION}}}, target: logged"
        )
    if "single value" in why or why == "only nulls":
        return "name another column, or give rows in which it varies"
    return "name another column"


def reasons(kinds: dict[str, str]) -> str:
    """Return why each column was skipped, as text."""
    return listed_as_text([f"{name!r} ({why})" for name, why in kinds.items()])


def listed_as_text(parts: list[str], most: int = 8) -> str:
    """Join a few parts and count the rest."""
    rest = f" and {len(parts) - most} more" if len(parts) > most else ""
    return ", ".join(parts[:most]) + rest


def _comes_late(values: pd.Series) -> bool:
    """Whether the newest values are missing and the older ones are not, as labels that take time do."""
    newest, older = values.iloc[-len(values) // 20 :], values.iloc[: len(values) // 2]
    return bool(newest.isna().mean() > 0.9 and older.isna().mean() < 0.5)
