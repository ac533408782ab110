"""JSON Lines give what a CSV gives: a value is read as it is spelled, whatever the other lines hold, or refused."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from driftloop.monitoring.errors import DuplicateColumns, MissingColumns, NamesDiffer, NotATime, SourceUnreadable
from driftloop.monitoring.rows.canonical import numbers
from driftloop.monitoring.served.spelling import labels
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources import count_rows, read_rows, sample, span
from tests.tables import WEEK, columns, csv

DAY = "2026-01-02 00:00:00"


def line(**values: str) -> str:
    """A line whose values are JSON as they are."""
    known = {"ts": f'"{DAY}"', "fare": "1", "kind": '"a"', "y": "1"} | values
    return "{" + ", ".join(f"{json.dumps(name)}: {value}" for name, value in known.items() if value) + "}\n"


def written(folder: Path, text: str | bytes, name: str = "rows.jsonl") -> Source:
    return csv(folder, text, name)


def kinds(source: Source, folder: Path, **changes: Any) -> list[str | None]:
    return labels(read_rows(source, columns(**changes), WEEK, folder).frame["kind"]).tolist()


SPELLINGS = {
    "true": "true",
    "false": "false",
    "1.10": "1.10",
    "1.0": "1.0",
    "10e4": "10e4",
    "-1.50E-7": "-1.50E-7",
    "9007199254740993": "9007199254740993",
    "-12345678901234567891234567890": "-12345678901234567891234567890",
    "12345678901234567.25": "12345678901234567.25",
    '"007"': "007",
    '"true"': "true",
    '"1.10 and 2.20"': "1.10 and 2.20",
    '"a \\"b\\", \\\\ 1.5 \\u00e9\\n"': 'a "b", \\ 1.5 é\n',
    '""': "",
    '"null"': "null",
    '"NaN"': "NaN",
    "null": None,
    "NaN": None,
    "Infinity": "Infinity",
    "-Infinity": "-Infinity",
    '{"x": [1, null, "b"]}': '{"x":[1,null,"b"]}',
    "[1, 2]": "[1,2]",
}


@pytest.mark.parametrize("value", SPELLINGS)
@pytest.mark.parametrize("other", ["null", "2.5", '"text"', "true", ""])
def test_a_category_is_spelled_as_in_the_file(tmp_path: Path, value: str, other: str) -> None:
    """Whatever another line or another file of the glob has for the key; null, NaN and no key are null."""
    more = {"fare": "2.50", "note": '"x 5.5 -"', "odd": "-Infinity"}
    source = written(tmp_path, line(kind=value, **more) + line(kind=other))
    assert kinds(source, tmp_path)[0] == SPELLINGS[value]
    written(tmp_path, line(kind=other), "z.jsonl")
    assert kinds(Source(path="*.jsonl"), tmp_path)[0] == SPELLINGS[value]


def test_a_numeric_column_is_numbers_and_what_is_none_is_reported(tmp_path: Path) -> None:
    """Text of a number is that number; true, objects and other text are counted, with the first place."""
    values = ["1.5", '"2.5"', "3", "1e2", "null", "NaN", "", '"?"', "true", '{"a": 1}', "Infinity"]
    source = written(tmp_path, "\n" + "".join(line(fare=value) for value in values))
    made, coerced = numbers(read_rows(source, columns(), WEEK, tmp_path).frame["fare"], "fare")
    assert made.dropna().tolist() == [1.5, 2.5, 3, 100]
    lost, infinite = coerced.findings()
    assert "3 of 8 values are not numbers, such as '?'" in lost.message
    assert "rows.jsonl, line 9" in lost.message
    assert infinite.code == "infinite"
    flags = written(tmp_path, line(fare="true") + line(fare="false"))
    assert read_rows(flags, columns(types={"fare": "boolean"}), WEEK, tmp_path).frame["fare"].tolist() == [True, False]


def test_a_json_number_has_a_point_whatever_the_notation_of_text(tmp_path: Path) -> None:
    """With decimal commas, declared or detected, 1.234 is no thousand; text of the same key is read with commas."""
    values = ["1.234", '"1.234,5"', "12.5", "7", "-1.5e3", "null", '"2,5"']
    source = written(tmp_path, "".join(line(fare=value) for value in values))
    expected = [1.234, 1234.5, 12.5, 7.0, -1500.0, 2.5]
    declared = read_rows(source, columns(types={"fare": "decimal_comma"}), WEEK, tmp_path).frame["fare"]
    assert numbers(declared, "fare")[0].dropna().tolist() == expected
    # The first thousand lines show commas only; a number with a point comes later.
    many = line(fare='"1,5"') * 1200 + line(fare="1.234")
    detected = read_rows(written(tmp_path, many), columns(), WEEK, tmp_path).frame["fare"]
    assert detected.tolist()[-2:] == [1.5, 1.234]


def test_whole_numbers_that_floats_would_round_are_counted(tmp_path: Path) -> None:
    """In a numeric column, as those of other formats are."""
    frame = read_rows(written(tmp_path, line(fare="9007199254740993") + line()), columns(), WEEK, tmp_path).frame
    assert numbers(frame["fare"], "fare")[1].rounded == 1


def test_nan_is_missing_in_every_expression(tmp_path: Path) -> None:
    """As null and a missing key are."""
    source = written(tmp_path, "".join(line(fare=fare) for fare in ("NaN", "null", "", "50", "30.5")))
    assert count_rows(source, columns(filter="fare > 40"), WEEK, tmp_path) == 1
    assert count_rows(source, columns(filter="fare IS NULL"), WEEK, tmp_path) == 3


@pytest.mark.parametrize(
    "change",
    [
        lambda text: b"\xef\xbb\xbf" + text,
        lambda text: text.replace(b"\n", b"\r\n"),
        lambda text: text.replace(b"\n", b"\n\n  \n\t\n"),
        lambda text: b"\n\r\n" + text.replace(b"\n", b"\r\n", 1),
        lambda text: text.rstrip(),
        lambda text: text.replace(b'", "', b'",   "').replace(b"{", b" { "),
        gzip.compress,
        lambda text: gzip.compress(b"\xef\xbb\xbf" + text),
    ],
    ids=["mark", "crlf", "blank", "mixed", "no end", "spaces", "gzip", "gzip with mark"],
)
@pytest.mark.parametrize("ending", ["jsonl", "ndjson", "jsonl.gz", "ndjson.gz"])
def test_marks_blank_lines_line_ends_and_gzip_change_nothing(tmp_path: Path, change: Any, ending: str) -> None:
    """Whatever the ending states of gzip; and an unknown ending needs source.format."""
    text = (line(fare="1.5") + line(kind='"b"') + line(kind="7")).encode()
    source = written(tmp_path, change(text), f"rows.{ending}")
    frame = read_rows(source, columns(), WEEK, tmp_path).frame
    assert frame["fare"].tolist() == [1.5, 1, 1]
    assert frame["kind"].tolist() == ["a", "b", "7"]
    (tmp_path / f"rows.{ending}").rename(tmp_path / "rows.data")
    assert count_rows(Source(path="rows.data", format="jsonl"), columns(), WEEK, tmp_path) == 3


GOOD = line() * 3
BROKEN: dict[str, tuple[str | bytes, str]] = {
    "cut": (GOOD + line()[:-9] + "\n" + GOOD, r"line 4: not JSON: Expecting .*\(column \d+\)"),
    "end": (GOOD + line()[:20], "line 4: not JSON"),
    "two": (GOOD + line().strip() + " " + line(), "line 4: not JSON: Extra data"),
    "list": (GOOD + "\n[1, 2]\n", "line 5 is not a JSON object"),
    "number": (GOOD + "17\n", "line 4 is not a JSON object"),
    "quotes": (GOOD + "{'ts': 1}\n", "line 4: not JSON"),
    "page": (GOOD + "<html><body>502 Bad Gateway</body></html>\n", "line 4: not JSON"),
    "twice": (GOOD + line().replace("}", ', "fare": 2}'), "line 4 names 'fare' more than once"),
    "twice, spelled otherwise": (
        GOOD + line().replace("}", ', "f\\u0061re": 2}'),
        "line 4 names 'fare' more than once",
    ),
    "latin": (GOOD.encode() + line(kind='"é"').encode("latin-1"), "not UTF-8"),
    "latin, far down": (GOOD.encode() * 9000 + line(kind='"é"').encode("latin-1"), "line 27,001 is not UTF-8"),
    "null byte": (GOOD.encode() + line(kind='"a\0"').encode(), "line 4: not JSON: Invalid control character"),
    "separator": (GOOD.encode() + line().strip().encode() + b"\x01x\n", "line 4: not JSON: Extra data"),
    "surrogate": (GOOD + line(kind='"\\ud800"'), "line 4 has half of a surrogate pair"),
    "array": ("[" + GOOD.strip().replace("\n", ",\n") + "]", "a JSON array, not one object per line"),
    "utf-16": (GOOD.encode("utf-16"), "UTF-16"),
    "parquet": (b"PAR1" + bytes(80) + b"PAR1", "a parquet file, not JSON Lines"),
    "csv": ("ts,fare,kind,y\n2026-01-01,1,a,1\n", "line 1: not JSON"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_line_is_named_with_file_and_line(tmp_path: Path, case: str) -> None:
    """A file is read whole or not at all; the error names it among the others, plain and packed."""
    text, why = BROKEN[case]
    data = text if isinstance(text, bytes) else text.encode()
    for name in ("a", "c"):
        written(tmp_path, GOOD, f"{name}.jsonl")
    for packed in (False, True):
        written(tmp_path, gzip.compress(data) if packed else data, "b.jsonl")
        for call in (read_rows, count_rows):
            with pytest.raises(SourceUnreadable, match=rf"b\.jsonl: cannot be read: .*{why}"):
                call(Source(path="*.jsonl"), columns(), WEEK, tmp_path)


def test_a_truncated_gzip_is_unreadable(tmp_path: Path) -> None:
    """It is not read as far as it goes."""
    source = written(tmp_path, gzip.compress((GOOD * 20_000).encode())[:-12], "rows.jsonl.gz")
    with pytest.raises(SourceUnreadable, match=r"rows\.jsonl\.gz"):
        count_rows(source, columns(), WEEK, tmp_path)


def test_a_key_that_lines_or_files_lack_is_null_there(tmp_path: Path) -> None:
    """A key that no line has is a lost column; an empty file among others does not matter, by itself it is refused."""
    written(tmp_path, line(kind="") + line(kind='"b"', note='"x"'), "a.jsonl")
    written(tmp_path, line(fare="", kind="3"), "b.jsonl.gz")
    written(tmp_path, "\n", "c.jsonl")
    source = Source(path="*.jsonl*", format="jsonl")
    assert kinds(source, tmp_path) == [None, "b", "3"]
    assert sample(source, tmp_path)["note"].dropna().tolist() == ["x"]
    with pytest.raises(MissingColumns, match="no column 'tip'"):
        read_rows(source, columns(numeric=("tip",)), WEEK, tmp_path)
    for text in ("", "\n\n", "{}\n{}\n"):
        with pytest.raises(SourceUnreadable, match="no JSON object with a key"):
            count_rows(written(tmp_path, text), columns(), WEEK, tmp_path)


def test_folders_are_columns(tmp_path: Path) -> None:
    """Text as it is written, numbers where the config reports it."""
    for month in ("01", "02"):
        place = tmp_path / f"month={month}" / "year=2026"
        place.mkdir(parents=True)
        written(place, line(kind=""))
    source = Source(path="*/*/*.jsonl")
    config = columns(categorical=("month",), numeric=("fare", "year"), filter="year > 2025")
    frame = read_rows(source, config, WEEK, tmp_path).frame
    assert sorted(frame["month"]) == ["01", "02"]
    assert frame["year"].tolist() == [2026] * 2
    assert set(sample(source, tmp_path)["month"]) == {"01", "02"}


def test_any_name_may_be_a_key(tmp_path: Path) -> None:
    """Those of JSON pointers and of SQL among them; names that differ in case are two, and in two files refused."""
    names = ["a.b", "a/b", "~", "0", "-", "it's", 'say "x"', "$.a", "*", "ä", " ", "", "line", "v", "Fare"]
    more = {name: str(at + 10) for at, name in enumerate(names)}
    config = columns(numeric=("fare", *names[:-4]), categorical=("kind", "line", "v"))
    frame = read_rows(written(tmp_path, line(**more)), config, WEEK, tmp_path).frame
    assert [int(frame[name].iloc[0]) for name in config.features if name in more] == [
        int(more[name]) for name in config.features if name in more
    ]
    assert frame["fare"].tolist() == [1]
    with pytest.raises(DuplicateColumns):
        read_rows(Source(path="rows.jsonl"), columns(numeric=("fare", "Fare")), WEEK, tmp_path)
    written(tmp_path, line().replace("fare", "FARE"), "z.jsonl")
    with pytest.raises(NamesDiffer, match=r"z\.jsonl: its column is called 'FARE'; other files call it 'fare'"):
        read_rows(Source(path="*.jsonl"), columns(), WEEK, tmp_path)


def test_expressions_see_columns_by_their_types_and_reach_into_objects(tmp_path: Path) -> None:
    """Numbers, text for categories, and for other keys what all of their values are; an object is its JSON."""
    more = [{"zone": "12", "to": '{"city": "rome"}', "late": "true"}, {"zone": "140", "to": "null", "late": "false"}]
    source = written(tmp_path, "".join(line(**one) for one in more))
    config = columns(
        numeric=("far",),
        categorical=("city",),
        derived={"far": "zone > 100 AND NOT late", "city": "\"to\" ->> '$.city'"},
    )
    frame = read_rows(source, config, WEEK, tmp_path).frame
    assert frame["far"].tolist() == [False, True]
    assert labels(frame["city"]).tolist() == ["rome", None]


def test_a_time_that_is_none_is_named_with_its_line(tmp_path: Path) -> None:
    """Times are ISO 8601 text; the span is that of all lines."""
    days = [f'"2026-01-0{day}T12:00:00Z"' for day in (3, 2, 9)]
    source = written(tmp_path, "".join(line(ts=day) for day in days))
    found = span(source, columns(), tmp_path)
    assert found is not None
    assert (found.start.day, found.end.day, count_rows(source, columns(), WEEK, tmp_path)) == (2, 9, 2)
    source = written(tmp_path, "".join(line(ts=day) for day in days) + line(ts='"Total"'))
    with pytest.raises(NotATime, match=r"rows\.jsonl, line 4: .* such as 'Total'"):
        read_rows(source, columns(derived={"hour": "hour(ts)"}, numeric=("hour",)), WEEK, tmp_path)


def test_text_with_a_decimal_comma_is_a_number(tmp_path: Path) -> None:
    """As in a CSV; a JSON number has a point, so that text with a comma next to one is reported, not guessed."""
    source = written(tmp_path, line(fare='"1,5"') + line(fare='"1.234,5"'))
    assert read_rows(source, columns(), WEEK, tmp_path).frame["fare"].tolist() == [1.5, 1234.5]
    source = written(tmp_path, line(fare='"1,5"') + line(fare="1.5"))
    assert read_rows(source, columns(), WEEK, tmp_path).frame["fare"].tolist() == ["1,5", 1.5]


def test_a_line_that_was_added_is_seen(tmp_path: Path) -> None:
    """Keys are remembered for a file as it was, and not when it has changed."""
    for text, names in ((line(), []), (line() + line(note='"x"'), ["note"])):
        source = written(tmp_path, text)
        os.utime(tmp_path / "rows.jsonl", (1, 1))  # so that it counts as settled
        for _ in range(2):
            assert list(sample(source, tmp_path)) == ["ts", "fare", "kind", "y", *names]
