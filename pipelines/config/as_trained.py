"""Config that changed since its champion was trained: how the champion is still read, scored and reported.

A champion is judged on its own features and by its own loss until a challenger with the new ones is promoted.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from driftloop.monitoring.errors import ConfigError
from driftloop.monitoring.losses import Loss, named
from driftloop.monitoring.quality.schema import CONFIG_CHANGED
from driftloop.monitoring.records import Finding, FindingCode, Kind, Reference, changed
from driftloop.monitoring.rows.canonical import numbers
from driftloop.monitoring.served.spelling import labels, spell
from driftloop.monitoring.settings.columns import ColumnType
from driftloop.pipelines.config.project import Project

# Types that text of files had by all of its values, and the types of `columns.types` that spell as they did.
THEN: dict[str | None, ColumnType] = {"BOOLEAN": "boolean", "BIGINT": "integer", "DOUBLE": "number"}

WEIGHT_CHANGED = FindingCode(
    name="weight_changed",
    severities=("warning",),
    meaning="the config weighs rows in another way than when the champion was trained",
    cause="`columns.weight` was changed",
    remedy="`driftloop retrain`; the next promoted model has a reference under the new weights",
)
NEW_FEATURE = FindingCode(
    name="new_feature",
    severities=("warning",),
    meaning="the config has a feature that the champion was not trained with",
    cause="the feature was added to the config",
    remedy="`driftloop retrain`; the next promoted model uses it",
)
LOSS_CHANGED = FindingCode(
    name="loss_changed",
    severities=("warning",),
    meaning="the config names another loss than the one that the champion was trained and is judged by",
    cause="`performance.loss` was changed",
    remedy="`driftloop retrain`; the next promoted model is judged by the new loss",
)


def as_trained(config: Project, reference: Reference) -> Project:
    """Return the config with the features and the loss that the champion was trained with; unchanged if they are equal.

    Categories and classes are read from text files as they were then: `True`, where the file has `true`, for a champion
    trained when a column's type was inferred from all of its values.
    """
    own = named(reference.loss_name)
    loss = own if config.task in own.tasks else config.loss
    made = _with(config, _features(config, reference), loss)
    if reference.weight is None:
        # The reference loss is that of rows that all count the same.
        made = changed(made, columns=made.columns.unweighted)
    if config.source.path is None or not config.source.file_format.as_text:
        return made
    spelled = {
        column.name: THEN[then]
        for column in reference.of_role("feature", "target")
        if column.kind == "categorical" and (then := reference.source_types.get(column.name)) in THEN
    }
    types = {**spelled, **made.columns.types}
    return changed(made, columns=changed(made.columns, types=types)) if spelled else made


def widened(config: Project, reference: Reference) -> Project:
    """The config with the champion's features and its own, so that both models can be scored on the same rows."""
    own: dict[str, Kind] = {name: config.kind(name) for name in config.columns.features}
    return _with(config, {**_features(config, reference), **own}, config.loss)


def as_known(frame: pd.DataFrame, reference: Reference) -> pd.DataFrame:
    """Return canonical rows with the champion's types; a feature removed from the source is missing in every row."""
    made = {}
    for column in reference.of_role("feature"):
        values = frame[column.name] if column.name in frame else pd.Series(None, index=frame.index, dtype=object)
        if column.kind == "numeric":
            made[column.name] = numbers(values, column.name)[0]
        else:
            made[column.name] = _spelled_then(labels(values), reference.source_types.get(column.name))
    for column in reference.of_role("target"):
        if column.kind == "categorical" and column.name in frame:
            made[column.name] = _spelled_then(frame[column.name], reference.source_types.get(column.name))
    return frame.assign(**made)


def _spelled_then(values: pd.Series, source_type: str | None) -> pd.Series:
    """Categories as the text of a file was spelled when a column had the type of all of its values."""
    if source_type not in THEN:
        return values
    codes, texts = pd.factorize(values)
    spelled = np.array([*(_then(str(text), THEN[source_type]) for text in texts), None], dtype=object)
    return pd.Series(spelled[codes], index=values.index, name=values.name)


def _then(text: str, kind: ColumnType) -> str:
    if kind == "boolean":
        return {"true": "True", "false": "False"}.get(text.strip().lower(), text)
    try:
        return str(int(text)) if kind == "integer" else spell(float(text)) or text
    except (ValueError, OverflowError):
        return text


def differences(config: Project, reference: Reference) -> tuple[Finding, ...]:
    """Report where config and champion's reference differ, with the consequence until the next promotion."""
    until = "until a retrain with this config is promoted (`driftloop retrain`)"
    theirs = _features(config, reference)
    found: list[tuple[FindingCode, str | None, str]] = [
        (CONFIG_CHANGED, name, f"{name} was removed from the config; the champion still uses it {until}")
        for name in theirs.keys() - set(config.columns.features)
    ]
    for name in config.columns.features:
        kind = config.kind(name)
        if name not in theirs:
            found.append((NEW_FEATURE, name, f"{name} is new in the config; the champion does not use it {until}"))
        elif theirs[name] != kind:
            text = f"{name} is {kind} in the config; the champion uses it as {theirs[name]} {until}"
            found.append((CONFIG_CHANGED, name, text))
    own = named(reference.loss_name)
    if own != config.loss and config.task in own.tasks:
        text = f"the config's loss is {config.loss}; the champion is judged by its own, {own}, {until}"
        found.append((LOSS_CHANGED, None, text))
    if reference.weight != config.columns.weight:
        now, then = (f"by {name}" if name else "not" for name in (config.columns.weight, reference.weight))
        judged = (
            "without weights" if None in (config.columns.weight, reference.weight) else f"with its rows weighted {now}"
        )
        text = f"the config's rows are weighted {now}, the rows of the champion's reference {then}"
        found.append((WEIGHT_CHANGED, None, f"{text}; it is judged {judged} {until}"))
    return tuple(
        code.found(text, severity="warning", column=column)
        for code, column, text in sorted(found, key=lambda each: (each[0].name, each[1] or ""))
    )


def refuse_another_target(config: Project, reference: Reference, version: str) -> None:
    """Refuse another target or kind of target: the models cannot be compared."""
    target = config.columns.target
    (theirs,) = reference.of_role("target")
    if (theirs.name, theirs.kind) == (target, config.kind(target)):
        return
    another = theirs.name != target
    raise ConfigError(
        str(config.file),
        "columns.target" if another else "task",
        f"the target is {target!r}" if another else f"{config.task}, so {target!r} is {config.kind(target)}",
        expected=f"what the champion (version {version}) predicts: {theirs.name!r}, {theirs.kind}",
        remedy="change it back, or rename the model: its first check trains a new one",
    )


def _features(config: Project, reference: Reference) -> dict[str, Kind]:
    """Return the champion's features with their kinds, without the current time and target columns."""
    now = {config.columns.time, config.columns.target}
    return {column.name: column.kind for column in reference.of_role("feature") if column.name not in now}


def _with(config: Project, features: dict[str, Kind], loss: Loss) -> Project:
    columns = changed(
        config.columns,
        numeric=tuple(name for name, kind in features.items() if kind == "numeric"),
        categorical=tuple(name for name, kind in features.items() if kind == "categorical"),
    )
    return changed(config, columns=columns, performance=loss)
