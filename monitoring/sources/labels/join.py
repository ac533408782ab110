"""The rows of a window with their labels: one statement where one engine reads both, else by keys through DuckDB."""

# ruff: noqa: S608  (names are quoted by sqlglot, values by us; expressions of the config are checked in expressions.py)
from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from driftloop.monitoring.errors import MissingColumns, MissingLabelColumns, NotATime
from driftloop.monitoring.formats.base import quoted
from driftloop.monitoring.records import Window
from driftloop.monitoring.settings.columns import Columns
from driftloop.monitoring.settings.reading import NO_TIME, Reading
from driftloop.monitoring.sources import frames, times
from driftloop.monitoring.sources.describing import UNREAD
from driftloop.monitoring.sources.engines import Engine
from driftloop.monitoring.sources.engines.duckdb import DuckDB
from driftloop.monitoring.sources.labels import latest
from driftloop.monitoring.sources.labels.blame import own_keys, rows_blamed_first
from driftloop.monitoring.sources.labels.keys import Key, key_sql, keys, spelled
from driftloop.monitoring.sources.labels.lookup import look_up
from driftloop.monitoring.sources.labels.streaming import BATCH, Arrivals, labels_in_utc
from driftloop.monitoring.sources.opening import opened
from driftloop.monitoring.sources.relation import Relation
from driftloop.monitoring.sources.timecolumn import time_kind, time_sql

if TYPE_CHECKING:
    import pandas as pd

# Columns of a joined frame: when the first and the newest label of a row's key became known, how many labels of the key
# were known, and whether the newest ones differ so that none counts.
KNOWN, CHANGED = "driftloop: label known", "driftloop: label changed"
LABELS, DISPUTED = "driftloop: labels", "driftloop: label disputed"
HIDDEN = (KNOWN, CHANGED, LABELS, DISPUTED)
# Keys that are whole numbers from a range at most this many times as long as the list of wanted keys are aggregated
# without comparing each with the list.
DENSE = 4


@dataclass
class Join:
    """Rows and labels, both open, with the columns of the key on each side.

    `kind` is what the time of the labels holds, None without a time or a label; labels have to be known at `now`.
    """

    rows: Relation
    columns: Reading
    labels: Relation
    own: Columns
    keys: tuple[Key, ...]
    kind: times.Kind | None
    now: datetime
    places: dict[str, str] = field(default_factory=dict)

    @property
    def target_type(self) -> str:
        """The type of the target as the engine of the labels calls it."""
        return self.labels.schema.get(self.own.target, "")

    @property
    def timed(self) -> bool:
        return self.own.time != NO_TIME

    @property
    def in_one_database(self) -> bool:
        """Whether one connection, not of DuckDB, reads both, so that it can join them by itself."""
        shared = self.rows.engine.con is self.labels.engine.con and not isinstance(self.rows.engine, DuckDB)
        return shared and self.rows.engine.typed_times and self.kind != "text"

    def label_rows(self) -> str:
        """The SELECT of the labels that were known at the moment: the key, t, v and u, in the labels' SQL."""
        labels, own, in_duckdb = self.labels, self.own, isinstance(self.labels.engine, DuckDB)
        value = labels.names([own.target])
        if labels.engine.is_float(labels.schema.get(own.target, "")):
            value = labels.engine.no_nan(value)
        unread = labels.names([UNREAD + own.target]) if own.target in labels.unread else ""
        each = [labels.names([key.label.name]) for key in self.keys]
        if in_duckdb:
            each = [key_sql(name, key.label.holds, key.row.holds) for name, key in zip(each, self.keys, strict=True)]
        select = [f"{name} AS {latest.at(place)}" for place, name in enumerate(each)]
        select.append(f"{time_sql(labels, own, self.kind) if self.timed and self.kind else 'NULL'} AS t")
        select.append(f"{value} AS v")
        if in_duckdb:
            select.append(f"{unread or 'CAST(NULL AS VARCHAR)'} AS u")
        there = f"({value} IS NOT NULL{f' OR {unread} IS NOT NULL' if unread else ''})"
        named = " AND ".join(f"{labels.names([key.label.name])} IS NOT NULL" for key in self.keys)
        return f"SELECT {', '.join(select)} FROM ({labels.rows}) AS w WHERE {there} AND {named}{self.until(self.now)}"

    def until(self, moment: datetime) -> str:
        """The condition that a label was known at a moment, to be put after another; of text somewhat wider."""
        if not self.timed or self.kind is None:
            return ""
        known = Window(start=times.EVER.start, end=moment + timedelta(microseconds=1))
        _, end = times.bounds(known, self.kind, self.own.time_zone)
        return f" AND {time_sql(self.labels, self.own, self.kind)} < '{end}'"

    def pieces(self, select: str, window: str, most: int | None) -> Iterator[pd.DataFrame]:
        """The rows of a window with their labels, `most` at a time; `select` and `window` are SQL of the rows."""
        if self.in_one_database:
            yield from map(self.named, self.rows.pieces(self._in_one_statement(select, window), most))
            return
        with ExitStack() as stack:
            if isinstance(self.rows.engine, DuckDB):
                self.prepare(self.rows.engine, self.wanted_sql(window), stack)
                self.rows.engine.one_thread()  # several would change the order of the rows
                yield from map(self.named, self.rows.pieces(self._in_duckdb(select, window), most))
            else:
                yield from self._looked_up(select, window, most, stack)

    def versions(self, window: str, stack: ExitStack) -> pd.DataFrame:
        """All labels that were known, of the keys of a window that have several: the key, t, v and u."""
        number = len(self.keys)
        if self.in_one_database:
            ids = [self.rows.names([key.row.name]) for key in self.keys]
            return self.rows.fetch(latest.several(number, self.label_rows(), ids, window))
        engine = self.engine(stack)
        if self.rows.engine.con is engine.con:
            self.prepare(engine, self.wanted_sql(window), stack)
        else:
            self.send_keys(engine, window)
            self.prepare(engine, "SELECT 1", stack)
        with self._label_source(engine, stack) as labels:
            names = ", ".join(latest.at(at) for at in range(number))
            several = f"(SELECT {names} FROM {latest.LATEST} WHERE labels > 1) AS s"
            sql = f"SELECT * FROM ({labels}) AS l SEMI JOIN {several} USING ({names})"
            return frames.from_arrow(engine.asked(lambda: engine.arrow(sql, ())))

    def _in_one_statement(self, select: str, window: str) -> str:
        ids = [self.rows.names([key.row.name]) for key in self.keys]
        newest = latest.standard(len(ids), self.label_rows(), ids, window)
        same = " AND ".join(f"w.{name} = l.{latest.at(place)}" for place, name in enumerate(ids))
        rows = f"(SELECT {select} FROM {window}) AS w"
        return f"SELECT w.*, {self._hidden()} FROM {rows} LEFT JOIN ({newest}) AS l ON {same}"

    def _hidden(self) -> str:
        """The columns that the newest label adds to a row, as SQL; the name of the target is still its own."""
        known = {VALUE: "l.v", KNOWN: "l.known", CHANGED: "l.changed", LABELS: "l.labels", DISPUTED: "l.disputed"}
        return ", ".join(f"{value} AS {self.rows.names([name])}" for name, value in known.items())

    def _in_duckdb(self, select: str, window: str) -> str:
        wanted = [f"{sql} AS {latest.at(place)}" for place, sql in enumerate(self._row_keys())]
        same = " AND ".join(f"w.{latest.at(place)} = l.{latest.at(place)}" for place in range(len(self.keys)))
        hidden = ", ".join(latest.at(place) for place in range(len(self.keys)))
        return (
            f"SELECT w.* EXCLUDE ({hidden}), {self._hidden()}, l.u AS {quoted(UNREAD_VALUE)} "
            f"FROM (SELECT {select}, {', '.join(wanted)} FROM {window}) AS w LEFT JOIN {latest.LATEST} AS l ON {same}"
        )

    def _row_keys(self) -> list[str]:
        return [key_sql(self.rows.names([key.row.name]), key.row.holds, key.label.holds) for key in self.keys]

    def wanted_sql(self, window: str) -> str:
        return latest.create_wanted(self._row_keys(), window)

    def prepare(self, engine: DuckDB, wanted: str, stack: ExitStack) -> None:
        """Have DuckDB keep the newest label of each key of the window."""
        run = engine.ask
        # Tables are looked up as they are written: the keys of the window are the smaller side, whatever is estimated.
        run("SET disabled_optimizers = 'build_side_probe_side'")
        run(wanted)
        span = self._span(engine)
        unread = self.own.target in self.labels.unread or not self.read_by(engine)  # text that is no number of its type
        with self._label_source(engine, stack) as labels:
            run(latest.create_latest(len(self.keys), labels, timed=self.timed, unread=unread, span=span))
        run(f"DROP TABLE {latest.WANTED}")
        if self.timed and (several := run(f"SELECT count(*) FROM {latest.LATEST} WHERE labels > 1")[0][0]):
            with self._label_source(engine, stack) as labels:
                run(latest.create_newest(len(self.keys), labels))
            if run(f"SELECT count(*) FROM {latest.NEWEST}")[0][0] > several:
                run(latest.dispute(len(self.keys)))
            run(f"DROP TABLE {latest.NEWEST}")

    def _span(self, engine: DuckDB) -> str:
        if len(self.keys) > 1 or not self.keys[0].whole:
            return ""
        key = latest.at(0)
        ((low, high, many),) = engine.ask(f"SELECT min({key}), max({key}), count(*) FROM {latest.WANTED}")
        return f"{key} BETWEEN {low} AND {high}" if low is not None and high - low < DENSE * many else ""

    @contextmanager
    def _label_source(self, engine: DuckDB, stack: ExitStack) -> Iterator[str]:
        """A SELECT for DuckDB of the labels that were known: their own, or of what another engine delivers."""
        if self.read_by(engine):
            yield self.label_rows()
        else:
            arrivals = Arrivals(self.labels, self.label_rows(), self.keys, self.kind, self.own, self.now, self.numeric)
            with arrivals.in_duckdb(engine) as name:
                yield f"SELECT * FROM {name}"

    @property
    def numeric(self) -> bool:
        """Whether the label is a number to the model."""
        return self.columns.target_type not in ("text", "boolean")

    def send_keys(self, engine: DuckDB, window: str) -> None:
        """Keep the keys of a window that another engine has in DuckDB."""
        import pandas as pd

        ids = [key.row.name for key in self.keys]
        engine.ask(
            f"CREATE TEMP TABLE {latest.WANTED} ("
            + ", ".join(f"{latest.at(at)} {'BIGINT' if key.whole else 'VARCHAR'}" for at, key in enumerate(self.keys))
            + ")"
        )
        for piece in self.rows.pieces(f"SELECT {self.rows.names(list(dict.fromkeys(ids)))} FROM {window}", BATCH):
            part = pd.DataFrame({latest.at(at): spelled(piece[key.row.name], key) for at, key in enumerate(self.keys)})
            engine.add(latest.WANTED, part)

    def _looked_up(self, select: str, window: str, most: int | None, stack: ExitStack) -> Iterator[pd.DataFrame]:
        """Rows of an engine that cannot read the labels: their keys go to DuckDB first, labels come back by key."""
        import pandas as pd

        newest = look_up(self, window, stack)
        for piece in self.rows.pieces(f"SELECT {select} FROM {window}", most):
            yield self.named(
                pd.concat([piece.reset_index(drop=True), newest.labels_of(piece).rename(columns=RENAMED)], axis=1)
            )

    def named(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame with the label under its own name, times in UTC, and no label where the newest ones differ."""
        target = self.columns.target
        disputed = frame[DISPUTED].fillna(0).astype(bool)
        frame[DISPUTED] = disputed
        frame[LABELS] = frame[LABELS].fillna(0).astype("int64")
        for name in (KNOWN, CHANGED):
            frame[name] = labels_in_utc(frame[name], self.output_kind, self.own.time_zone, self.labels.where)
        frame[target] = frame.pop(VALUE)
        unread = frame.pop(UNREAD_VALUE) if UNREAD_VALUE in frame else None
        if disputed.any():
            frame[target] = frame[target].where(~disputed, None)  # in place would not do: Arrow owns the values
        if unread is not None and (there := unread.notna() & ~disputed).any():
            self._show_unread(frame, unread, there)
        return frame

    def _show_unread(self, frame: pd.DataFrame, unread: pd.Series[Any], there: pd.Series[Any]) -> None:
        from driftloop.monitoring.served.reading import Unread

        target = self.columns.target
        if target not in self.places:
            self.places[target] = self.labels.place_of(self.own.target, unread[there].iloc[0])
        frame[target] = frame[target].astype(object)
        frame.loc[there, target] = [Unread(one) for one in unread[there]]
        frame.attrs["places"] = frame.attrs.get("places", {}) | self.places

    @property
    def output_kind(self) -> times.Kind | None:
        """What the times of labels are once they are joined: in UTC where they came from another engine."""
        if not self.timed or self.kind is None:
            return None
        engine = self.rows.engine if isinstance(self.rows.engine, DuckDB) else self.labels.engine
        return self.kind if self.in_one_database or self.read_by(engine) else "aware"

    def read_by(self, engine: Engine) -> bool:
        """Whether a connection of DuckDB reads the labels by itself, times included."""
        return isinstance(engine, DuckDB) and self.labels.engine.con is engine.con and self.kind != "text"

    def engine(self, stack: ExitStack) -> DuckDB:
        """The connection of DuckDB that joins: of the rows, of the labels, or one of its own."""
        for relation in (self.rows, self.labels):
            if isinstance(relation.engine, DuckDB):
                return relation.engine
        made = DuckDB.of_files(self.labels.engine.at, None)
        stack.callback(made.close)
        return made


VALUE, UNREAD_VALUE = "driftloop: label", UNREAD + "label"
RENAMED = {"v": VALUE, "u": UNREAD_VALUE, "known": KNOWN, "changed": CHANGED, "labels": LABELS, "disputed": DISPUTED}


@contextmanager
def joining(rows: Relation, columns: Reading, folder: Path, now: datetime) -> Iterator[Join]:
    """Open the labels next to the rows. KeysDiffer where their keys can never be equal."""
    own, labels = columns.of_labels, columns.labels
    assert own is not None
    assert labels is not None
    with own_keys(labels), ExitStack() as stack:
        try:
            relation = stack.enter_context(opened(labels, folder, own, rows))
            kind = time_kind(relation, own) if own.time != NO_TIME else None
        except MissingColumns as error:
            raise MissingLabelColumns(error.where, error.lost, error.there) from None
        except NotATime as error:
            raise error.of(labels.section.partition(".")[0]) from None
        # Under the names that they have on their way: exact numbers keep all of their digits.
        relation.texts |= {latest.at(place) for place in range(len(labels.key))}
        relation.texts |= {"v"} if own.target in relation.texts else set()
        with rows_blamed_first(rows):
            yield Join(rows, columns, relation, own, keys(rows, columns, relation, own), kind, now)
