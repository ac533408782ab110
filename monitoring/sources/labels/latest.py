"""SQL of the newest label of each key: for DuckDB, which aggregates, and for any engine with window functions.

A label counts that was known at a moment. Of several the newest one counts; of several that nothing orders, because
the table has no time or they became known at the same one, none does if they differ.
"""

# ruff: noqa: S608  (names are quoted by sqlglot, values by us; expressions of the config are checked in expressions.py)
from __future__ import annotations

from collections.abc import Sequence

LATEST = '"driftloop: latest labels"'
NEWEST = '"driftloop: newest of several labels"'
WANTED = '"driftloop: wanted keys"'


def at(number: int) -> str:
    """The name of a column of the key in these statements."""
    return f"driftloop_key_{number}"


def create_wanted(keys: Sequence[str], rows: str) -> str:
    """The statement that keeps the keys of a window; `keys` are SQL over `rows`, which goes after FROM."""
    each = ", ".join(f"{key} AS {at(number)}" for number, key in enumerate(keys))
    return f"CREATE TEMP TABLE {WANTED} AS SELECT {each} FROM {rows}"


def create_latest(number: int, labels: str, *, timed: bool, unread: bool, span: str) -> str:
    """The statement of DuckDB that keeps the newest label of each key.

    `labels` is a SELECT of the key (see `at`), t, v and u: what cannot be read of v, null where nothing is `unread`.
    `span` is a condition that bounds a single key of whole numbers to the span of the wanted ones; empty if there is
    none. What passes it is aggregated without being looked up, which is twice as fast.
    """
    names = [at(place) for place in range(number)]
    listed = ", ".join(names)
    source = f"({labels}) AS l WHERE {span}" if span else f"({labels}) AS l SEMI JOIN {WANTED} USING ({listed})"
    both = "arg_max_null(v, t) AS v, arg_max_null(u, t) AS u" if unread else "arg_max(v, t) AS v, NULL AS u"
    newest = f"{both}, min(t) AS known, max(t) AS changed"
    alike = "any_value(v) AS v, any_value(u) AS u, NULL AS known, NULL AS changed"
    disputed = "false" if timed else "min(hash(v, u)) <> max(hash(v, u))"
    return (
        f"CREATE TEMP TABLE {LATEST} AS SELECT {listed}, {newest if timed else alike}, count(*) AS labels, "
        f"{disputed} AS disputed FROM {source} GROUP BY {listed}"
    )


def create_newest(number: int, labels: str) -> str:
    """The statement that keeps key and content of all labels of the newest moment of a key that has several labels."""
    listed = ", ".join(at(place) for place in range(number))
    several = f"(SELECT {listed}, changed AS t FROM {LATEST} WHERE labels > 1) AS s"
    found = f"SELECT {listed}, hash(v, u) AS content FROM ({labels}) AS l SEMI JOIN {several} USING ({listed}, t)"
    return f"CREATE TEMP TABLE {NEWEST} AS {found}"


def dispute(number: int) -> str:
    """The statement that marks keys whose newest labels differ: two of the same moment."""
    listed = ", ".join(at(place) for place in range(number))
    same = " AND ".join(f"l.{at(place)} = d.{at(place)}" for place in range(number))
    differ = f"SELECT {listed} FROM {NEWEST} GROUP BY {listed} HAVING min(content) <> max(content)"
    return f"UPDATE {LATEST} AS l SET disputed = true FROM ({differ}) AS d WHERE {same}"


def several(number: int, labels: str, rows: Sequence[str], window: str) -> str:
    """All labels of the keys of a window that have more than one, as a SELECT in standard SQL; see `standard`."""
    listed = ", ".join(at(place) for place in range(number))
    counted = f"SELECT {listed}, t, v, count(*) OVER (PARTITION BY {listed}) AS labels FROM ({labels}) AS l"
    return f"SELECT {listed}, t, v FROM ({counted} WHERE {_wanted(number, rows, window)}) AS o WHERE labels > 1"


def standard(number: int, labels: str, rows: Sequence[str], window: str) -> str:
    """The newest label of the keys of a window as a SELECT in standard SQL.

    `labels` is a SELECT as in `create_latest` without u; `rows` are the columns of the key over `window`, which goes
    after FROM. The engine looks up both in one statement and creates nothing.
    """
    names = [at(place) for place in range(number)]
    listed = ", ".join(names)
    over = f"OVER (PARTITION BY {listed}"
    ordered = (
        f"SELECT {listed}, v, t, row_number() {over} ORDER BY t DESC, v) AS place, "
        f"first_value(v) {over} ORDER BY t DESC, v DESC) AS other, min(t) {over}) AS known, count(*) {over}) AS labels "
        f"FROM ({labels}) AS l WHERE {_wanted(number, rows, window)}"
    )
    disputed = "CASE WHEN v <> other THEN 1 ELSE 0 END"
    return (
        f"SELECT {listed}, v, known, t AS changed, labels, {disputed} AS disputed FROM ({ordered}) AS o WHERE place = 1"
    )


def _wanted(number: int, rows: Sequence[str], window: str) -> str:
    """The condition that a key of labels `l` is one of a window's."""
    if number == 1:
        return f"l.{at(0)} IN (SELECT {rows[0]} FROM {window})"
    same = " AND ".join(f"w.{row} = l.{at(place)}" for place, row in enumerate(rows))
    return f"EXISTS (SELECT 1 FROM {window} AND {same})"
