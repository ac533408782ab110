"""Rows of the source with their predictions, as the table that an output gets; what had to be changed is counted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from driftloop.monitoring.errors import OutputUnusable, clipped
from driftloop.monitoring.rows.canonical import coded
from driftloop.monitoring.rows.coerced import Coerced
from driftloop.monitoring.served.spelling import labels
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.predictions.prediction_log import PREDICTION, row_keys
from driftloop.pipelines.registry import Version
from driftloop.pipelines.training.scorer import Scorer

if TYPE_CHECKING:
    Prepared = tuple[pd.DataFrame, tuple[Coerced, ...], "pd.DataFrame | None"]

# Types of integers that fit int64, as engines write them. SQLite's may hold anything and are written as text.
WHOLE = re.compile(r"(tiny|small|medium|big)?int(eger)?|int(2|4|8|16|32|64)|u(tiny|small)?int(eger)?|uint(8|16|32)")
TIME = pa.timestamp("us", "UTC")


@dataclass(frozen=True)
class ScoredPart:
    """The table of some rows, and what was counted as missing: coerced values and categories that are not known."""

    table: pa.Table
    coerced: tuple[Coerced, ...]
    unseen: Counter[str]
    examples: dict[str, str]


class ScoredRows:
    """Builder of the tables of a run: `time`, the id (or `row`, a hash of the features), version and prediction.

    Integer columns of the id stay integers, others are text. `schema` has the types of the source's columns.
    """

    def __init__(
        self, config: Project, version: Version, scorer: Scorer, schema: Mapping[str, str], *, text: bool = False
    ) -> None:
        self.config, self.version, self.scorer = config, version, scorer
        self.ids = [name for name in config.columns.id if name != config.columns.time]
        self._whole = set() if text else {name for name in self.ids if WHOLE.fullmatch(schema.get(name, "").lower())}
        self._coerced: tuple[Coerced, ...] = ()
        self._unseen: Counter[str] = Counter()
        self._examples: dict[str, str] = {}
        self.rows = 0

    @property
    def key(self) -> tuple[str, ...]:
        """The columns of the table that identify a row; none where the config has no id."""
        return tuple("time" if name == self.config.columns.time else name for name in self.config.columns.id)

    @property
    def schema(self) -> pa.Schema:
        """The columns of the tables, in order."""
        ids = [(name, pa.int64() if name in self._whole else pa.string()) for name in self.ids]
        named = ids if self.config.columns.id else [("row", pa.string())]
        texts = [("version", pa.string()), ("model_id", pa.string())]
        return pa.schema([("time", TIME), *named, *texts, *((name, pa.float64()) for name in self._predictions)])

    @property
    def _predictions(self) -> list[str]:
        return [f"{PREDICTION} {name}" for name in self.scorer.classes] or [PREDICTION]

    def prepared(self, raw: pd.DataFrame) -> Prepared:
        """Convert rows of the source to canonical form, from any thread."""
        frame, coerced = coded(raw, self.config)
        columns = self.config.columns
        return frame, coerced, None if columns.id else row_keys(frame, columns.time, columns.features)

    def table(self, prepared: Prepared) -> pa.Table:
        """Score prepared rows."""
        return self.counted(self.part(prepared))

    def counted(self, part: ScoredPart) -> pa.Table:
        """Count the rows of a part; return its table."""
        self.rows += len(part.table)
        self._coerced = tuple(map(Coerced.__add__, self._coerced, part.coerced)) if self._coerced else part.coerced
        self._unseen.update(part.unseen)
        self._examples = part.examples | self._examples
        return part.table

    def part(self, prepared: Prepared) -> ScoredPart:
        """Score prepared rows, from any thread or process."""
        frame, coerced, keys = prepared
        unseen, examples = self._count_unseen(frame) if self.scorer.contract is None else (Counter[str](), {})
        predicted = self.scorer.predict(frame).reshape(len(frame), len(self._predictions))
        arrays = [pa.array(frame[self.config.columns.time].dt.as_unit("us"), TIME)]
        arrays += [self._id(frame[name], name) for name in self.ids]
        if keys is not None:
            arrays.append(pa.array(keys["row"], pa.string()))
        arrays += [pa.repeat(value, len(frame)) for value in (self.version.number, self.version.model_id)]
        arrays += [pa.array(np.ascontiguousarray(predicted[:, at])) for at in range(predicted.shape[1])]
        return ScoredPart(pa.Table.from_arrays(arrays, schema=self.schema), coerced, unseen, examples)

    def _id(self, values: pd.Series, name: str) -> pa.Array:
        if pd.api.types.is_integer_dtype(values.dtype):
            plain = pa.array(values)
            return plain.cast(pa.int64() if name in self._whole else pa.string())
        plain_text = name in self.config.columns.id_alone and pd.api.types.is_object_dtype(values.dtype)
        texts = pa.array(values if plain_text else labels(values), pa.string())
        if name not in self._whole:
            return texts
        try:
            return texts.cast(pa.int64())
        except pa.ArrowInvalid as error:
            raise OutputUnusable(
                f"column {name} of the id",
                clipped(str(error), 200),
                expected="whole numbers, according to the type of the column in the source",
                remedy="cast it to text in the source or in columns.derived",
            ) from None

    def _count_unseen(self, frame: pd.DataFrame) -> tuple[Counter[str], dict[str, str]]:
        unseen, examples = Counter[str](), dict[str, str]()
        for name, known in self.scorer.features.levels.items():
            values = frame[name].cat
            new: NDArray[np.bool_] = np.append(~values.categories.isin(known), False)
            if new.any():
                unseen[name] += int(new[values.codes].sum())
                examples[name] = str(values.categories[int(new.argmax())])
        return unseen, examples

    def notes(self) -> list[str]:
        """Return a sentence for each column with values that were counted as missing."""
        target = self.config.columns.target
        features = [one for one in self._coerced if one.name != target]
        unseen = [
            f"{name}: {many:,} of {self.rows:,} rows have a category that version {self.version.number} does not know, "
            f"such as {clipped(repr(self._examples[name]))}; it counts as missing"
            for name, many in self._unseen.items()
            if many
        ]
        return [finding.message for one in features for finding in one.findings()] + unseen
