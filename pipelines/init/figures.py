"""Numbers as people write them: `$52,775.78`, `1.148,55 €`, `42.3%`, `?` for none; and the SQL that reads them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from driftloop.monitoring.errors import listed
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources.engines import column_sql, dialect_of

if TYPE_CHECKING:
    import pandas as pd

# What stands for "no number" in a column of numbers, in small letters.
WORDS = (
    "? ?? - -- --- \u2013 \u2014 . .. * / na n/a n.a. #n/a #na nan nil null none missing unknown k.a. tbd "
    "#div/0! #value! #ref! <na>"
)
NOTHING = frozenset(WORDS.split())
# The same for a label: a word such as "unknown" or "none" may be a class.
NO_LABEL = frozenset(["?", "-", "--", "na", "n/a", "#n/a", "nan", "null", "<na>", "nat"])
CURRENCIES = "eur usd gbp chf jpy cny inr cad aud sek nok dkk pln brl kr"
CODES = frozenset(CURRENCIES.split())
# Factors: 12k beside 800 is no unit.
FACTORS = frozenset(["k", "m", "mio", "mrd", "bn", "t", "tsd"])
SPACES = " \u00a0\u202f\u2009"
GROUPING = f"{SPACES}'\u2019"
SIGN = "\u2212"
MINUS = f"{SIGN}\u2013-"
NEGATIVE = ("(", SIGN)
SHAPE = re.compile(
    rf"(?:(?P<first>[^\d\s.,()'\u2019+{MINUS}]{{1,4}})\s*(?=\())?(?P<open>\()?\s*(?P<sign>[+{MINUS}])?\s*(?P<before>[^\d\s.,()'\u2019+{MINUS}]{{1,4}})?\s*(?P<sign2>[+{MINUS}])?\s*"
    rf"(?P<digits>[.,]?\d[\d.,{GROUPING}]*?)(?P<power>[eE][+-]?\d{{1,3}})?\s*(?P<last>[{MINUS}])?\s*"
    rf"(?P<after>[^\d\s.,()'\u2019{MINUS}][^\d()]{{0,9}}?)?\s*(?P<last2>[{MINUS}])?\s*(?P<close>\))?"
)
# Places of a unit: $(1.50), ($1.50), 1.50 $.
UNIT = ("first", "before", "after")
POINT = re.compile(r"(\d{1,3}(,\d{2,3})*,\d{3}|\d+)?(\.\d*)?")
COMMA = re.compile(r"(\d{1,3}(\.\d{2,3})*\.\d{3}|\d+)?(,\d*)?")
SPACED = re.compile(rf"\d{{1,3}}([{GROUPING}]\d{{3}})+(?=[.,]|$)")
LEVELS = 20
CERTAIN = 0.9


@dataclass(frozen=True)
class Figures:
    """How the numbers of a column of text are written.

    `trailing`: negative numbers end with their minus; `values` is the number of values that were looked at.
    `decimal` is the decimal mark, `strip` what is removed, `nothing` what counts as missing, `share` of the values;
    `example` is one as it is written.
    """

    decimal: str
    strip: tuple[str, ...]
    nothing: tuple[str, ...]
    share: float
    example: str
    values: int = 0
    trailing: bool = False

    @property
    def plain(self) -> bool:
        """Return whether a number is written as SQL writes it."""
        return self.decimal == "." and not self.strip and not self.trailing

    @property
    def missing(self) -> int:
        """Return the number of values that are read as missing."""
        return round(self.share * self.values)

    def sql(self, column: str, source: Source) -> str:
        """Return the expression in the source's own dialect that makes numbers of the column.

        Only DuckDB has a cast that returns null for non-numeric text. SQLite's would return 0, so there the text stays
        text, and PostgreSQL's fails, with the value.
        """
        engine, text = dialect_of(source), column_sql(source, column)
        for piece in self.strip:
            text = f"replace({text}, '{piece.replace(chr(39), chr(39) * 2)}', '{'-' if piece in NEGATIVE else ''}')"
        if self.trailing:
            before = f"replace({text}, '-', '')"
            before = f"concat('-', {before})" if engine == "mysql" else f"'-' || {before}"
            text = f"CASE WHEN {text} LIKE '%-' THEN {before} ELSE {text} END"
        if self.decimal == ",":
            text = f"replace({text}, ',', '.')"
        if engine == "duckdb":
            return f"TRY_CAST({text} AS DOUBLE)"
        for word in (*self.nothing, *(("",) if self.strip else ())):
            text = f"nullif({text}, '{word.replace(chr(39), chr(39) * 2)}')"
        return text if engine == "sqlite" else f"CAST({text} AS DOUBLE PRECISION)"

    def note(self) -> str:
        """Return what is done to the column, for the user to check."""
        parts = [] if self.plain else [f"numbers written as {self.example!r}"]
        if self.values and not self.plain:
            parts.append(f"{self.values - self.missing:,} of {self.values:,} values read so")
        if self.nothing:
            many = f"{self.missing:,} of {self.values:,} values" if self.values else f"{self.share:.1%} of the values"
            parts.append(f"{listed(self.nothing, 4)} count as missing, {many}")
        return "; ".join(parts) or "numbers kept as text"


def figures(values: pd.Series, *, label: bool = False) -> Figures | None:
    """Return how the numbers in a column of text are written; None if it does not hold numbers.

    Whole numbers without marks and with few levels are codes and stay text, and so do those with leading zeros.

    >>> import pandas as pd
    >>> print(figures(pd.Series(["$52,775.78", "$901.10", "N/A"])).sql("Income", Source(path="a.csv")))
    TRY_CAST(replace(replace("Income", '$', ''), ',', '') AS DOUBLE)
    >>> figures(pd.Series(["rome", "oslo"])) is None
    True
    """
    counts = _texts(values)
    if not len(counts):
        return None
    matches = {text: found for text in counts.index if (found := SHAPE.fullmatch(text)) and _sensible(found)}
    rows = {text: int(counts[text]) for text in matches}
    styles = {text: style for text in matches if (style := _style(matches[text]["digits"]))}
    decimal = _decimal({text: styles[text] for text in styles}, rows, matches)
    if decimal is None:
        return None
    read = {text for text, style in styles.items() if decimal in style}
    units = _units([matches[text] for text in read])
    nothing = [text for text in counts.index if text not in read]
    share = sum(int(counts[text]) for text in nothing) / int(counts.sum())
    strange = [text for text in nothing if text.casefold() not in NOTHING]
    if units is None or share > 0.5 or (strange and (share > 1 - CERTAIN or len(read) <= LEVELS)):
        return None
    if all(_trailing(matches[text]) for text in read):
        return None  # 65- is as likely a range
    if len(strange) > len(read) / 10 or _codes(read, bool(nothing), label=label):
        return None
    example = max(read, key=lambda text: (len(re.sub(r"[\d ]", "", text)), len(text), text))
    strip = tuple(piece for piece in (*units, *_pieces(matches, read, decimal)) if any(piece in text for text in read))
    trailing = any(_trailing(matches[text]) for text in read)
    return Figures(decimal, strip, tuple(nothing[:8]), share, example, int(counts.sum()), trailing)


def as_numbers(values: pd.Series, how: Figures) -> pd.Series:
    """Return the column as floats, read as the expression reads it."""
    import pandas as pd

    texts = values.where(values.notna(), None).map(lambda value: None if value is None else str(value).strip())
    for piece in how.strip:
        texts = texts.map(partial(_without, piece=piece, instead="-" if piece in NEGATIVE else ""), na_action="ignore")
    if how.trailing:
        texts = texts.map(lambda text: f"-{text[:-1]}" if text.endswith("-") else text, na_action="ignore")
    if how.decimal == ",":
        texts = texts.map(lambda text: text.replace(",", "."), na_action="ignore")
    return pd.to_numeric(texts, errors="coerce").astype("float64")


def no_labels(values: pd.Series) -> tuple[str, ...]:
    """Return the values of a column of classes that mean a missing label.

    >>> import pandas as pd
    >>> no_labels(pd.Series(["yes", "no", "NA", None]))
    ('NA',)
    """
    found = [text for text in _texts(values).index if text.casefold() in NO_LABEL]
    return tuple(sorted(found))


def missing_labels(source: Source, target: str, words: tuple[str, ...]) -> str:
    """Return the SQL that reads these values of a target as missing labels."""
    name = column_sql(source, target)
    texts = ", ".join("'" + word.replace("'", "''") + "'" for word in words)
    return f"CASE WHEN {name} IN ({texts}) THEN NULL ELSE {name} END"


def _without(text: str, piece: str, instead: str) -> str:
    return text.replace(piece, instead)


def _texts(values: pd.Series) -> pd.Series:
    """The distinct texts with their number of rows; none if the column holds anything but text and numbers."""
    import pandas as pd

    present = values.dropna()
    if pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_datetime64_any_dtype(values.dtype):
        return present.iloc[:0].astype(str).value_counts()
    kept = present.map(lambda value: isinstance(value, str) or (isinstance(value, int | float) and value is not True))
    if not kept.all() or not present.map(lambda value: isinstance(value, str)).any():
        return present.iloc[:0].astype(str).value_counts()
    texts = present.astype(str).str.strip()
    return texts[texts != ""].value_counts()


def _sensible(found: re.Match[str]) -> bool:
    """Whether what is around the digits is a sign, a currency or a unit."""
    before, digits = found["before"] or found["first"], found["digits"]
    if found["before"] and found["first"]:
        return False
    signs = [found[name] for name in ("open", "sign", "sign2", "last", "last2") if found[name]]
    if len(signs) > 1 or bool(found["open"]) != bool(found["close"]) or (before and not _currency(before)):
        return False
    # 10e4 is as likely a hash; a number of more than 15 digits is an identifier.
    return not (found["power"] and not re.search(r"[.,]", digits)) and len(re.sub(r"\D", "", digits)) <= 15


def _trailing(found: re.Match[str]) -> bool:
    return bool(found["last"] or found["last2"])


def _currency(text: str) -> bool:
    return any(unicodedata.category(sign) == "Sc" for sign in text) or text.strip(". ").casefold() in CODES


def _style(digits: str) -> str:
    """The decimal marks by which the digits are a number: ".", ",", both or none.

    >>> _style("1,234.5"), _style("1.234,5"), _style("12"), _style("1.2.3")
    ('.', ',', '.,', '')
    """
    spaced = SPACED.match(digits)
    plain = re.sub(f"[{GROUPING}]", "", digits) if spaced or not re.search(f"[{GROUPING}]", digits) else ""
    if not plain or not re.search(r"\d", plain):
        return ""
    return ("." if POINT.fullmatch(plain) else "") + ("," if COMMA.fullmatch(plain) else "")


def _decimal(styles: dict[str, str], rows: dict[str, int], matches: dict[str, re.Match[str]]) -> str | None:
    """The decimal mark of a column; None where it has no numbers, or a good part of each kind."""
    if not styles:
        return None
    points, commas = (sum(rows[text] for text, style in styles.items() if style == mark) for mark in ".,")
    if points and commas:
        few, many = sorted((points, commas))
        return None if few > many / 100 else "." if points > commas else ","
    if points or commas:
        return "." if points else ","
    # 1.234 or 1,234 alone: thousands with money, and 1,234 always; else a decimal point.
    marked = {mark for text in styles for mark in ".," if mark in matches[text]["digits"]}
    money = any(_currency(matches[text][part] or "") for text in styles for part in UNIT)
    return "," if marked == {"."} and money else "."


def _units(found: list[re.Match[str]]) -> tuple[str, ...] | None:
    """Return the text before and after the digits; None if it differs from row to row."""
    kinds = {match[part].strip() for match in found for part in UNIT if match[part] and match[part].strip()}
    if not kinds:
        return ()
    if len(kinds) > 1:
        return None
    (unit,) = kinds
    with_unit = sum(1 for match in found if unit in {(match[part] or "").strip() for part in UNIT})
    whole = _currency(unit) or unit in {"%", "‰"}
    if with_unit < len(found) and (not whole or unit.casefold() in FACTORS):
        return None
    return (unit,)


def _codes(read: set[str], gaps: bool, *, label: bool) -> bool:
    """Whether these are codes: leading zeros, or a few whole numbers that are kept as text."""
    if any(re.fullmatch(r"0\d+", text) for text in read):
        return True
    whole = all(re.fullmatch(r"[-+]?\d+", text) for text in read)
    return whole and len(read) <= LEVELS and (label or not gaps)


def _pieces(matches: dict[str, re.Match[str]], read: set[str], decimal: str) -> tuple[str, ...]:
    """The signs to remove: those between thousands, spaces, and the brackets of negative numbers."""
    thousands = "." if decimal == "," else ","
    found = "".join(matches[text].group() for text in read)
    return tuple(sign for sign in (thousands, *GROUPING, "(", ")", SIGN, "+") if sign in found)
