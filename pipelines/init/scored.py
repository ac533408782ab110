"""Predictions of a model elsewhere, as `driftloop init --predictions` finds them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from driftloop.monitoring.errors import ConfigError, listed, suggestion
from driftloop.monitoring.settings.columns import PREDICTION
from driftloop.monitoring.settings.predictions import Predictions
from driftloop.monitoring.settings.source import Source
from driftloop.pipelines.init import outputs
from driftloop.pipelines.init.figures import as_numbers, figures
from driftloop.pipelines.init.guess import Guess
from driftloop.pipelines.init.kinds import BESIDE_OUTPUTS, OUTPUTS, plain_name
from driftloop.pipelines.init.notes import spelled
from driftloop.pipelines.init.pairing import is_text, key_of, read_by, times_of

if TYPE_CHECKING:
    import pandas as pd

VERSION = re.compile(rf"{outputs.VERSION.pattern}|.*_version")
Found = dict[str, str | dict[str, str]]
SCORED = re.compile(r"scor|pred|forecast")
FORECASTS = re.compile(r"forecast.*|.*_forecast|estimate.*|.*_estimate|expected.*")
MOST_VERSIONS = 100
# Rows of the table that are looked at.
MOST = 200_000
# Labeled rows of each class in the sample from which on the direction of a probability is read from their averages.
EACH_CLASS = 20


@dataclass(frozen=True)
class Elsewhere:
    """The section `predictions`, the column of the rows that its key is compared with, and a comment on its number."""

    id: str
    predictions: Predictions
    note: str = ""


@dataclass
class Scored:
    """The table of predictions, as a sample shows it: `values` are its columns that may hold a prediction, as numbers
    where they are numbers; `derived` are the expressions that read columns, as `predictions.derived`.

    `id` is the column of the rows whose values `key` holds; `ids` are those of the sample of the rows.
    """

    source: Source
    key: str
    id: str
    time: str
    version: str | None
    values: pd.DataFrame
    keys: pd.Series
    types: dict[str, str]
    derived: dict[str, str]
    given: str | None = None
    ids: pd.Series = field(init=False)
    same: bool = field(init=False)
    second: str = ""

    def without(self, rows: pd.DataFrame, ids: pd.Series, given: Source) -> pd.DataFrame:
        """The sample of the rows, whose ids these are, without the id; of the same table without version and score."""
        self.ids = ids
        self.same = (self.source.address, self.source.table) == (given.address, given.table)
        about = {self.id, self.version, self.given} if self.same else {self.id}
        return rows.drop(columns=[name for name in about if name in rows])

    def features(self, guess: Guess, predictions: Predictions) -> Guess:
        """The guess without the columns of the predictions, if they are in the table of the rows."""
        used = [*predictions.columns, self.time] if self.same else []
        if guess.target in used:
            raise ConfigError(
                "init",
                "--target",
                f"{guess.target!r} seems to be the prediction of the model elsewhere",
                expected="the column with what happened",
                remedy="name the target with --target, and the prediction with --prediction",
            )
        left = {
            name: "the prediction of the model elsewhere"
            for name in used
            if name in {*guess.numeric, *guess.categorical}
        }
        return replace(
            guess,
            numeric=[name for name in guess.numeric if name not in used],
            categorical=[name for name in guess.categorical if name not in used],
            written={name: how for name, how in guess.written.items() if name not in used},
            codes={name: count for name, count in guess.codes.items() if name not in used},
            spelled={name: texts for name, texts in guess.spelled.items() if name not in used},
            types={name: kind for name, kind in guess.types.items() if name not in used},
            left_out=guess.left_out | left,
        )

    def read(self, guess: Guess, labels: pd.Series, place: Source) -> tuple[Elsewhere, list[str]]:
        """Return the section `predictions` for a target, with what a user should check.

        `labels` are those of the sample of the rows; `place` is the table as seen from the YAML.
        """
        found, notes = self._of_classes(guess, labels) if guess.has_classes else self._number(guess)
        used = [name for value in found.values() for name in (value.values() if isinstance(value, dict) else [value])]
        needed = {*used, self.time}
        predictions = Predictions.model_validate(
            {
                "source": {name: getattr(place, name) for name in Source.model_fields},
                "id": self.key,
                "time": self.time,
                "version": self.version,
                "types": {name: kind for name, kind in self.types.items() if name in needed},
                "derived": {name: how for name, how in self.derived.items() if name in needed},
                **found,
            }
        )
        second = f"   # the probability of {self.second!r}" if self.second else ""
        return Elsewhere(self.id, predictions, second), [self._pair_note(used), *notes]

    def _pair_note(self, used: list[str]) -> str:
        version = "no column of versions"
        if self.version is not None:
            each = self.values[self.version].dropna().astype(str).value_counts()
            shown = ", ".join(f"{name!r} {count:,}" for name, count in each.head(3).items())
            version = f"{len(each):,} version{'s' if len(each) != 1 else ''} in {self.version!r}: {shown}"
        there = f"; {self._share():.1%} of {len(self.ids):,} rows of a sample have one" if len(self.keys) < MOST else ""
        return (
            f"predictions: {self.id!r} of the rows is {self.key!r} of the predictions, {listed(used)} made at "
            f"{self.time!r}{there}; {version}"
        )

    def _share(self) -> float:
        return float(self.ids.dropna().astype(str).isin(set(self.keys.astype(str))).mean())

    def _candidates(self, guess: Guess) -> list[str]:
        """The columns that may hold a prediction; those that are called like one first, in the order of the table."""
        if self.given is not None:
            return [self.given]
        left = [str(name) for name in self.values if name not in {self.version, guess.target, guess.time}]
        plain = {name: plain_name(name) for name in left}
        first = [name for name in left if OUTPUTS.fullmatch(plain[name]) or name == PREDICTION]
        second = [name for name in left if BESIDE_OUTPUTS.fullmatch(plain[name]) or FORECASTS.fullmatch(plain[name])]
        return list(dict.fromkeys([*first, *second])) or left

    def _numbers(self, names: list[str], high: float | None = None) -> list[str]:
        """Those of the columns that hold numbers; with `high`, numbers from 0 to it."""
        import pandas as pd

        found = []
        for name in names:
            values = self.values[name].dropna()
            if values.empty or not pd.api.types.is_numeric_dtype(values.dtype):
                continue
            if high is None or bool(values.astype(float).between(0, high).all()):
                found.append(name)
        return found

    def _number(self, guess: Guess) -> tuple[Found, list[str]]:
        found = self._numbers(self._candidates(guess))
        if len(found) == 1 or (found and self._is_called(found[0])):
            return {"prediction": found[0]}, []
        raise self._refusal(
            f"{len(found)} columns of numbers may be the prediction: {listed(found)}"
            if found
            else "no column of numbers",
            f"one column with the predicted {guess.target!r}",
        )

    def _is_called(self, name: str) -> bool:
        plain = plain_name(name)
        return name == PREDICTION or any(kind.fullmatch(plain) for kind in (OUTPUTS, BESIDE_OUTPUTS, FORECASTS))

    def _of_classes(self, guess: Guess, labels: pd.Series) -> tuple[Found, list[str]]:
        classes = sorted({spelled(value) for value in labels.dropna() if value not in guess.no_label})
        candidates = self._candidates(guess)
        shares = self._numbers(candidates, 1.0)
        # A column that is called like a class comes under no other name for a prediction.
        each = self._each(classes, self._numbers([str(name) for name in self.values], 1.0))
        answers = [name for name in candidates if self._names_classes(name, classes)]
        if self.given is None and len(each) == len(classes):
            return {"prediction": each}, []
        called = [name for name in shares if self._is_called(name)]
        if guess.task == "binary" and (called or len(shares) == 1) and not set(shares[:1]) & set(answers):
            return self._one_share((called or shares)[0], classes, labels)
        if answers:
            return {"label": answers[0]}, [f"predictions: {answers[0]!r} holds classes, so the loss is error_rate"]
        beyond = [name for name in self._numbers(candidates) if name not in shares]
        raise self._refusal(
            f"{listed(beyond)} is not between 0 and 1" if beyond else f"no one column of {listed(candidates)} fits",
            f"the probability of one of {listed(classes)}, a column for each class, or the predicted class",
        )

    def _each(self, classes: list[str], shares: list[str]) -> dict[str, str]:
        """The column of each class, found by its name: `red`, `p_red`, `proba red`."""
        found: dict[str, str] = {}
        for one in classes:
            ends = re.compile(rf"(.*[^a-z0-9])?{re.escape(one.casefold())}")
            fitting = [name for name in shares if ends.fullmatch(name.strip().casefold())]
            found |= {one: fitting[0]} if len(fitting) == 1 else {}
        return found if len(set(found.values())) == len(found) else {}

    def _names_classes(self, name: str, classes: list[str]) -> bool:
        values = {spelled(value) for value in self.values[name].dropna().unique()}
        return bool(values) and values <= set(classes)

    def _one_share(self, name: str, classes: list[str], labels: pd.Series) -> tuple[Found, list[str]]:
        """The column of one probability, with its class: the one whose rows it is higher for."""
        import pandas as pd

        first, second = classes
        self.second = second

        by_key = pd.Series(self.values[name].to_numpy(), index=self.keys.astype(str)).dropna()
        scores = self.ids.astype(str).map(by_key[~by_key.index.duplicated(keep="last")]).astype(float)
        named = labels.map(spelled, na_action="ignore")
        of = {one: scores[(named == one).fillna(False)].dropna() for one in classes}
        if min(len(values) for values in of.values()) < EACH_CLASS:
            few = f"predictions: check that {name!r} is the probability of {second!r}: too few rows of the sample have "
            return {"prediction": name}, [f"{few}label and prediction to see it"]
        low, high = of[first].mean(), of[second].mean()
        why = f"it averages {high:.3g} where the label is {second!r}, and {low:.3g} where it is {first!r}"
        if high >= low:
            return {"prediction": name}, [f"predictions: {name!r} is the probability of {second!r}: {why}"]
        return {"prediction": {first: name}}, [f"predictions: {name!r} is the probability of {first!r}: {why}"]

    def _refusal(self, found: str, expected: str) -> ConfigError:
        return ConfigError(
            "init",
            "--predictions",
            f"{found} in {self.source.title}",
            expected=f"{expected}; there are {listed(self.values.columns, 20)}",
            remedy="name it with --prediction COLUMN, or write the section from docs/predictions-elsewhere.md",
        )


def scored(rows: pd.DataFrame, source: Source, given: str | None, id_: str | None) -> Scored:
    """Find key, time and version of a table of predictions by the values of a sample of the rows.

    `given` is the column with the prediction where the user names it; `id_` is the id that the labels have found.
    """
    from driftloop.monitoring import sources

    frame = sources.sample(source, Path.cwd(), MOST)
    names = [str(name) for name in frame.columns]
    if given is not None and given not in names:
        raise ConfigError(
            "init",
            "--prediction",
            f"no column {given!r} in the predictions",
            expected=f"one of {listed(names, 20)}",
            remedy="correct the name." + suggestion(given, names),
        )
    times = {name: how for name in names if (how := times_of(frame[name], source)) is not None}
    if not times:
        raise ConfigError(
            "init",
            "--predictions",
            f"no column of times in {source.title}",
            expected=f"the time at which each row was scored; there are {listed(names, 20)}",
            remedy="add it where the predictions are logged: without it a check of the past would see later ones",
        )
    mine = rows if id_ is None else rows[[id_]]
    key, id_ = key_of(mine, frame, [name for name in names if name not in {*times, given}], source, "predictions")
    time = next((name for name in times if SCORED.search(name.casefold())), next(iter(times)))
    others = [name for name in names if name not in {key, *times}]
    moment = read_by(times[time], time, key, others[0] if others else key, source, "predictions")
    guessed = frame.attrs.get("types", {})
    derived = {time: moment} if moment else {}
    types = {time: "text"} if moment and is_text(frame[time]) and time in guessed else {}
    values = frame[others].copy()
    for name in others:
        written = figures(values[name])
        if written is None:
            continue
        values[name] = as_numbers(values[name], written)
        sql, percent = written.sql(name, source), "%" in written.strip
        if percent:
            values[name], sql = values[name] / 100, f"{sql} / 100"
        if percent or not written.plain:
            derived[name] = sql
            types |= {name: "text"} if name in guessed else {}
    return Scored(source, key, id_, time, _version(values), values, frame[key], types, derived, given)


def _version(values: pd.DataFrame) -> str | None:
    """The column of versions: called like one, with few values."""
    plain = {str(name): plain_name(str(name)) for name in values}
    found = [name for name in plain if VERSION.fullmatch(plain[name]) and values[name].nunique() <= MOST_VERSIONS]
    return min(found, key=lambda name: "version" not in plain[name], default=None)
