"""How polluted CSV files are read: right, refused with a reason, or wrong.

    python -m benchmarks.csv_pollution [--list] [--seed 0]

A clean table is written in many unusual or broken ways, of the kinds that Pollock (Vitagliano et al., VLDB 2023) counts
in files of the world: separators, quotes, headers, line ends, cells too many or too few, several tables, preambles,
encodings, notations of numbers, words for nothing, times. Each file is read as a check reads it and compared with the
table, cell by cell:

- right: every cell as in the table;
- reported: the file is refused with an error, or cells that could not be read are missing and counted in a finding;
- wrong: anything else. The command ends with 1 if there is any.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from driftloop.monitoring.config import Monitored
from driftloop.monitoring.errors import DriftloopError
from driftloop.monitoring.records import Window
from driftloop.monitoring.rows.canonical import conform
from driftloop.monitoring.sources import read_rows

ROWS, PLACES = 60, 12
NAMES = ["ts", "amount", "speed", "city", "code", "y"]
NUMBERS = ("amount", "speed", "y")
CITIES = ["rome", "new york, ny", 'the "hague"', "köln", "la paz; bolivia", "two\nlines"]
CODES = ["007", "1.10", "1e5", "10e4", "true", "12345678901234567890"]
SPAN = Window(start=datetime(2025, 1, 1, tzinfo=UTC), end=datetime(2027, 1, 1, tzinfo=UTC))
Cells = list[list[str]]
Made = Iterator[tuple[str, str, bytes]]


def table(seed: int) -> pd.DataFrame:
    """The clean rows, canonical: numbers as floats, all else as text."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "ts": pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(np.arange(ROWS), unit="h"),
            "amount": rng.lognormal(6, 2, ROWS).round(2),
            "speed": rng.normal(50, 10, ROWS).round(3),
            "city": rng.choice(CITIES, ROWS),
            "code": rng.choice(CODES, ROWS),
            "y": rng.normal(0, 9, ROWS).round(4),
        }
    )


def cells(frame: pd.DataFrame, numbers: Callable[[float], str] = repr) -> Cells:
    """The rows as text."""
    plain = [frame["ts"].dt.strftime("%Y-%m-%d %H:%M:%S"), *(frame[name] for name in NAMES[1:])]
    return [
        [numbers(float(value)) if name in NUMBERS else str(value) for name, value in zip(NAMES, row, strict=True)]
        for row in zip(*plain, strict=True)
    ]


def text(rows: Cells, header: list[str] | None = None, end: str = "\n", delimiter: str = ",", **style: object) -> str:
    """Rows as a CSV."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, **style)  # type: ignore[arg-type]
    writer.writerows([NAMES if header is None else header, *rows])
    return out.getvalue()


def separators(frame: pd.DataFrame, rng: np.random.Generator) -> Made:
    """Other characters between fields, in all lines or in one."""
    rows = cells(frame)
    for mark in ",;\t|~^ :#\x1f":
        yield "separators", repr(mark), text(rows, delimiter=mark).encode()
    plain = text(rows, quoting=csv.QUOTE_ALL)
    for mark in ("||", "::", ", ", " , ", ";;"):
        yield "separators", repr(mark), plain.replace('","', f'"{mark}"').encode()
    lines = text(rows).split("\n")
    for at in rng.choice(np.arange(1, ROWS), PLACES, replace=False):
        mixed = [*lines[:at], lines[at].replace(",", ";"), *lines[at + 1 :]]
        yield "separators", f"other in line {at + 1}", "\n".join(mixed).encode()


def quotes(frame: pd.DataFrame, rng: np.random.Generator) -> Made:
    """Other quotes, and one too many or too few."""
    rows = cells(frame)
    yield "quotes", "all", text(rows, quoting=csv.QUOTE_ALL).encode()
    yield "quotes", "single, all", text(rows, quoting=csv.QUOTE_ALL, quotechar="'").encode()
    yield "quotes", "single, where needed", text(rows, quotechar="'").encode()
    yield "quotes", "backslashes", text(rows, doublequote=False, escapechar="\\").encode()
    yield "quotes", "typographic", text(rows, quoting=csv.QUOTE_ALL).replace('"', "\u201d").encode()
    flat = [[cell.replace(",", " ").replace("\n", " ") for cell in row] for row in rows]
    literal = text(flat, quoting=csv.QUOTE_NONE, quotechar=None)
    expected = 'inches: 5" and 6"'
    yield "quotes", "none at all", literal.replace("two lines", expected).encode()
    whole = text(rows)
    for at in rng.choice(len(whole) - 200, PLACES, replace=False) + 100:
        yield "quotes", f"one more at {at}", (whole[:at] + '"' + whole[at:]).encode()
    there = [at for at, letter in enumerate(whole) if letter == '"']
    for at in rng.choice(there, PLACES, replace=False):
        yield "quotes", f"one less at {at}", (whole[:at] + whole[at + 1 :]).encode()


def headers(frame: pd.DataFrame, rng: np.random.Generator) -> Made:
    """Headers that are not there, or there twice, or of other names."""
    rows = cells(frame)
    whole = text(rows)
    body = whole.split("\n", 1)[1]
    yield "headers", "none", body.encode()
    yield "headers", "twice", (text([]) + whole).encode()
    yield "headers", "names twice", text(rows, ["ts", "amount", "amount", "city", "code", "y"]).encode()
    yield "headers", "upper case", text(rows, [name.upper() for name in NAMES]).encode()
    yield "headers", "spaces", text(rows, [f" {name} " for name in NAMES]).encode()
    yield "headers", "a name less", text(rows, NAMES[:-1]).encode()
    yield "headers", "a name more", text(rows, [*NAMES, "more"]).encode()
    yield "headers", "a separator more", text(rows, [*NAMES, ""]).encode()
    yield "headers", "an index", text([[str(at), *row] for at, row in enumerate(rows)], ["", *NAMES]).encode()
    yield "headers", "an index without a name", text([[str(at), *row] for at, row in enumerate(rows)]).encode()
    yield "headers", "units below", text([["UTC", "EUR", "km/h", "", "", ""], *rows]).encode()
    yield "headers", "of two lines", text([["time", "a", "b", "c", "d", "e"], *rows]).encode()
    for at in rng.choice(np.arange(1, ROWS), PLACES, replace=False):
        yield "headers", f"again before row {at}", text([*rows[:at], NAMES, *rows[at:]]).encode()


def line_ends(frame: pd.DataFrame, rng: np.random.Generator) -> Made:
    """Other line ends, and one that is not as the others."""
    rows = cells(frame)
    whole = text(rows)
    for end in ("\r\n", "\r", "\n\r", "\r\r\n", "\n\n", "\x0b", "\x0c", "\x1e", "\u2028", ""):
        yield "line ends", repr(end), text(rows, end=end).encode()
    yield "line ends", "none at the end", whole.rstrip("\n").encode()
    yield "line ends", "many at the end", (whole + "\n" * 5).encode()
    yield "line ends", "before the header", ("\n\n" + whole).encode()
    yield "line ends", "blanks at the end", (whole + "   \n").encode()
    yield "line ends", "a Ctrl-Z at the end", (whole + "\x1a").encode()
    flat = text([[cell.replace("\n", " ") for cell in row] for row in rows])
    places = [at for at, letter in enumerate(flat) if letter == "\n"]
    for at in rng.choice(places[1:-1], PLACES, replace=False):
        yield "line ends", f"one CR LF at {at}", _flat(flat[:at] + "\r" + flat[at:])
        yield "line ends", f"one CR at {at}", _flat(flat[:at] + "\r" + flat[at + 1 :])
        yield "line ends", f"one missing at {at}", _flat(flat[:at] + flat[at + 1 :])


def _flat(whole: str) -> bytes:
    return whole.replace("two lines", '"two\nlines"').encode()


def row_cells(frame: pd.DataFrame, rng: np.random.Generator) -> Made:
    """Rows of too many or too few cells."""
    rows = cells(frame)
    for at in rng.choice(ROWS, PLACES, replace=False):
        for column in range(len(NAMES)):
            row = rows[at]
            many = {
                "one more": [*row[:column], "", *row[column:]],
                "one more, the last one empty": [*row[:column], "", *row[column:-1], ""],
                "one less": [*row[:column], *row[column + 1 :]],
                "cut": row[: column + 1],
                "three more": [*row[: column + 1], "", "", "", *row[column + 1 :]],
            }
            for what, cut in many.items():
                yield (
                    "cells",
                    f"{what} in row {at + 1}, column {column + 1}",
                    text([*rows[:at], cut, *rows[at + 1 :]]).encode(),
                )
    yield "cells", "an empty one at every end", text([[*row, ""] for row in rows]).encode()
    yield (
        "cells",
        "an empty one at every end, the header too",
        text([[*row, ""] for row in rows], [*NAMES, ""]).encode(),
    )
    yield "cells", "two empty ones at every end", text([[*row, "", ""] for row in rows]).encode()


def tables(frame: pd.DataFrame, rng: np.random.Generator) -> Made:
    """Other things in the file than one table."""
    rows = cells(frame)
    whole = text(rows)
    for lines in (
        "Report of 2026\n",
        "Report\n\nmade,by,us\n",
        "# a comment\n",
        "Report,,,,,\n",
        ",,,,,\n",
        "sep=,\n",
        '"Title, of it"\n',
    ):
        yield "tables", f"preamble {lines!r}", (lines + whole).encode()
    for lines in (
        "Total,1,2,3,4,5\n",
        "Total,,,,,5\n",
        ",,,,,5\n",
        "60 rows\n",
        "# the end\n",
        ",,,,,\n",
        "\nTotal;5\n",
    ):
        yield "tables", f"footer {lines!r}", (whole + lines).encode()
    other = "a,b,c\n1,2,3\n4,5,6\n"
    same = "t,u,v,w,x,z\n1,2,3,4,5,6\n"
    for second in (other, same, whole):
        yield "tables", f"a second one of {second[:5]!r}", (whole + second).encode()
        yield "tables", f"a second one of {second[:5]!r} after a gap", (whole + "\n\n" + second).encode()
        yield "tables", f"one of {second[:5]!r} before", (second + whole).encode()
    yield "tables", "side by side", text([[*row, "", *row] for row in rows], [*NAMES, "", *NAMES]).encode()
    for at in rng.choice(np.arange(1, ROWS), PLACES, replace=False):
        part = text(rows[:at]) + "# checked\n" + text(rows[at:]).split("\n", 1)[1]
        yield "tables", f"a comment before row {at}", part.encode()


def encodings(frame: pd.DataFrame, rng: np.random.Generator) -> Made:
    """Bytes that are no UTF-8, or no CSV."""
    whole = text(cells(frame))
    for name in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1252", "mac-roman", "cp437"):
        yield "encodings", name, whole.encode(name)
    data = whole.encode()
    yield "encodings", "gzip", gzip.compress(data)
    yield "encodings", "gzip, cut", gzip.compress(data)[:-20]
    yield "encodings", "twice", whole.encode().decode("latin-1").encode("utf-8") + b"\xff"
    yield "encodings", "nothing", b""
    yield "encodings", "HTML", f"<html><body>{whole}</body></html>".encode()
    for at in rng.choice(len(data), PLACES, replace=False):
        yield "encodings", f"NUL at {at}", data[:at] + b"\0" + data[at:]
        yield "encodings", f"0xff at {at}", data[:at] + b"\xff" + data[at:]
        yield "encodings", f"cut at {at}", data[:at].rstrip(b"\n0123456789")


def numbers(frame: pd.DataFrame, rng: np.random.Generator) -> Made:
    """Other notations of numbers, in all rows or in one."""
    comma = {
        "1.234,5": lambda value: f"{value:,.4f}".translate(str.maketrans(",.", ".,")),
        "1234,5": lambda value: f"{value:.4f}".replace(".", ","),
        "1,234.5": lambda value: f"{value:,.4f}",
        "1 234.5": lambda value: f"{value:,.4f}".replace(",", " "),
        "1 234,5 (no-break)": lambda value: f"{value:,.4f}".translate(str.maketrans(",.", "\u00a0,")),
        "1'234.5": lambda value: f"{value:,.4f}".replace(",", "'"),
        "1_234.5": lambda value: f"{value:_.4f}",
        "1.2345e+03": lambda value: f"{value:.12e}",
        "$1.5": lambda value: f"${value!r}",
        "1.5 EUR": lambda value: f"{value!r} EUR",
        "1.5%": lambda value: f"{value!r}%",
        "(1.5)": lambda value: f"({-value!r})" if value < 0 else repr(value),
        "1.5-": lambda value: f"{-value!r}-" if value < 0 else repr(value),
        "\u22121.5": lambda value: repr(value).replace("-", "\u2212"),
        "+1.5": lambda value: f"{value:+}",
        " 1.5 ": lambda value: f" {value!r} ",
        "=1.5": lambda value: f"={value!r}",
        "'1.5": lambda value: f"'{value!r}",
        "1.5f": lambda value: f"{value!r}f",
        "0x1.8p+0": float.hex,
    }
    for name, how in comma.items():
        for mark in ",;\t":
            yield "numbers", f"{name} between {mark!r}", text(cells(frame, how), delimiter=mark).encode()
    rows = cells(frame)
    for at in rng.choice(ROWS, PLACES, replace=False):
        for name in ("1.234,5", "1,234.5", "$1.5", "1.5%"):
            mixed = [*rows[:at], cells(frame, comma[name])[at], *rows[at + 1 :]]
            yield "numbers", f"{name} in row {at + 1}", text(mixed, delimiter=";").encode()


def whole_numbers(frame: pd.DataFrame) -> Made:
    """Thousands without decimals: here a mark may mean either."""
    ways = {"1,234": lambda value: f"{int(value):,}", "1.234": lambda value: f"{int(value):,}".replace(",", ".")}
    for name, how in ways.items():
        for mark in ",;\t":
            yield "numbers", f"whole, {name} between {mark!r}", text(cells(frame, how), delimiter=mark).encode()


def nothing(frame: pd.DataFrame, rng: np.random.Generator) -> Made:
    """Words for nothing in a column of numbers."""
    for word in (
        "",
        "NA",
        "N/A",
        "null",
        "NULL",
        "None",
        "nan",
        "-",
        "--",
        "?",
        ".",
        "\\N",
        "#N/A",
        "missing",
        " ",
        "TBD",
        "#DIV/0!",
    ):
        rows = cells(frame)
        for at in np.flatnonzero(frame["amount"].isna()):
            rows[at][1] = word
        yield "nothing", repr(word), text(rows).encode()
        yield "nothing", f"{word!r}, all in quotes", text(rows, quoting=csv.QUOTE_ALL).encode()


def times(frame: pd.DataFrame, rng: np.random.Generator) -> Made:
    """Other notations of times, in all rows or in one."""
    rows = cells(frame)
    ways = ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S+00:00", "%Y-%m-%dT%H:%M:%S.000000+0000")
    for way in (
        *ways,
        "%d/%m/%Y %H:%M",
        "%m/%d/%Y %H:%M",
        "%d.%m.%Y %H:%M",
        "%Y%m%d%H%M",
        "%s",
        "%Y/%m/%d %H:%M",
        "%b %d %Y %H:%M",
    ):
        moments = frame["ts"].dt.strftime(way)
        yield "times", way, text([[moment, *row[1:]] for moment, row in zip(moments, rows, strict=True)]).encode()
    for at in rng.choice(ROWS, PLACES, replace=False):
        for odd in ("yesterday", "01/02/2026", "2026-13-01", "1767225600", "12026-01-01"):
            yield "times", f"{odd} in row {at + 1}", text([*rows[:at], [odd, *rows[at][1:]], *rows[at + 1 :]]).encode()


def files(seed: int) -> Iterator[tuple[pd.DataFrame, str, str, bytes]]:
    """The table that is behind a file, the kind of its pollution, what it is, and the file."""
    frame, rng = table(seed), np.random.default_rng(seed)
    for kind in (separators, quotes, headers, line_ends, row_cells, tables, encodings, numbers, times):
        for found in kind(frame, rng):
            yield (_literal(frame) if found[1] == "none at all" else frame, *found)
    whole = frame.assign(**{name: frame[name].astype(int).astype(float) for name in NUMBERS})
    for found in whole_numbers(whole):
        yield (whole, *found)
    holes = frame.assign(amount=frame["amount"].where(rng.random(ROWS) > 0.1))
    for found in nothing(holes, rng):
        yield (holes, *found)


def _literal(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(
        city=frame["city"].str.replace(",", " ").str.replace("\n", " ").str.replace("two lines", 'inches: 5" and 6"')
    )


def judged(frame: pd.DataFrame, data: bytes, folder: Path) -> tuple[str, str]:
    """How the file is read, and the reason."""
    (folder / "rows.csv").write_bytes(data)
    columns = {"time": "ts", "numeric": ("amount", "speed"), "categorical": ("city", "code"), "target": "y"}
    config = Monitored.model_validate(
        {"model": "m", "task": "regression", "source": {"path": "rows.csv"}, "columns": columns}
    )
    try:
        raw = read_rows(config.source, config.reading, SPAN, folder).frame
        read, coerced = conform(raw, config)
    except DriftloopError as error:
        return "reported", error.found
    findings = [finding.message for one in coerced for finding in one.findings()]
    if len(read) != len(frame):
        return "wrong", f"{len(read)} rows of {len(frame)}"
    lost = 0
    for name in NAMES:
        same = (read[name] == frame[name]) | (read[name].isna() & frame[name].isna())
        missing = ~same & read[name].isna() & (name in NUMBERS)
        if not (same | missing).all():
            at = int((~(same | missing)).to_numpy().argmax())
            return "wrong", f"{name} in row {at + 1}: {read[name].iloc[at]!r} instead of {frame[name].iloc[at]!r}"
        lost += int(missing.sum())
    if lost and lost > sum(one.lost for one in coerced):
        return "wrong", f"{lost} values are missing, and no finding counts them"
    return ("reported", findings[0]) if lost else ("right", "")


def main() -> int:
    """Read all files and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--list", action="store_true", help="a line per file")
    asked = parser.parse_args()
    counts: dict[str, Counter[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for frame, kind, what, data in files(asked.seed):
            end, why = judged(frame, data, Path(folder))
            counts.setdefault(kind, Counter())[end] += 1
            if asked.list or end == "wrong":
                print(f"{end:9} {kind}: {what}: {why[:200]}")
    print("| pollution | files | read right | reported | read wrong |\n|---|---|---|---|---|")
    total: Counter[str] = Counter()
    for kind, ends in [*counts.items(), ("all", total)]:
        total += ends if kind != "all" else Counter()
        print(f"| {kind} | {ends.total()} | {ends['right']} | {ends['reported']} | {ends['wrong']} |")
    return int(total["wrong"] > 0)


if __name__ == "__main__":
    sys.exit(main())
