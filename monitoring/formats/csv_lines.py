"""The lines of a CSV, counted: every record must have as many fields as the header. Values are not looked at.

Engines forgive a separator too many at the end of a line, although the fields before it may be shifted.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO

import numpy as np
from numpy.typing import NDArray

NEWLINE, RETURN = 10, 13
LONGEST = 1 << 22
Bytes = NDArray[np.uint8]
Marks = NDArray[np.bool_]
Places = NDArray[np.int64]


@dataclass
class Lines:
    """Counts the fields of each record, a chunk of bytes at a time. Quotes are matched as RFC 4180 has them.

    `odd` is set where quotes are not as there: then `slow` must look.
    """

    width: int
    delimiter: str
    quote: str = '"'
    header: bytes = b""
    odd: bool = False
    flaw: str | None = None
    records: int = 0
    _rest: bytes = b""
    _line: int = 1
    _ending: int = 0
    _wide: int = 0
    _first_wide: int = 0

    def add(self, chunk: bytes) -> None:
        """Count the records that end in the chunk; what is left over waits for the next one."""
        if self.flaw or self.odd:
            return
        data = self._rest + chunk
        if not self._ending:
            self._ending = self._found_ending(data)
        self._rest = data[self._count(data) :] if self._ending else data

    def end(self) -> None:
        """Count the last record, which may have no line end, and judge what depends on the whole file."""
        if self.flaw or self.odd:
            return
        self._ending = self._ending or (RETURN if b"\r" in self._rest else NEWLINE)
        if self._rest.strip(b"\r\n"):
            done = self._count(self._rest + bytes([self._ending]))
            if not done and not self.flaw:
                self.odd = True  # a quote that is not closed
        # A separator at the end of every line is a habit of some programs; at the end of one line it is a fault.
        if self._wide and (self._wide < self.records or self.records < 2):
            self.flaw = f"line {self._first_wide} has {self.width + 1} fields, the header has {self.width}"

    def _found_ending(self, data: bytes) -> int:
        """Return the byte that ends the header, 0 if that is not known yet."""
        values = np.frombuffer(data, dtype=np.uint8)
        outside = self._outside(values)
        if outside is None:
            return NEWLINE if b"\n" in data else 0
        ends = np.flatnonzero(np.isin(values, [NEWLINE, RETURN]) & outside)
        # A CR at the very end may be the first half of a line end.
        if not len(ends) or (values[ends[0]] == RETURN and ends[0] + 1 == len(values)):
            return 0
        return NEWLINE if values[ends[0]] == NEWLINE or values[ends[0] + 1] == NEWLINE else RETURN

    def _count(self, data: bytes) -> int:
        """Count the records that end in the data; how many bytes they have."""
        values = np.frombuffer(data, dtype=np.uint8)
        outside = self._outside(values)
        if outside is None:
            self.odd = True
            return 0
        ends = np.flatnonzero((values == self._ending) & outside)
        if not len(ends):
            if len(data) > LONGEST:
                self.flaw = f"line {self._line}: longer than {LONGEST >> 20} MB, or with an unclosed quote"
            return 0
        if self._ending == NEWLINE and self._lone_return(values, outside, int(ends[-1])):
            return 0
        starts = np.append(0, ends[:-1] + 1)
        stops = ends - ((values[ends - 1] == RETURN) & (ends > starts))
        separators = np.flatnonzero((values == ord(self.delimiter)) & outside)
        fields = np.diff(np.searchsorted(separators, np.append(0, ends))) + 1
        full = stops > starts
        if not self.header and full.any():
            first = int(full.argmax())
            self.header = data[starts[first] : stops[first]]
            full[first] = False
        self._judge(data, values, starts, stops, fields, full)
        self._line += data.count(bytes([self._ending]), 0, int(ends[-1]) + 1)
        return int(ends[-1]) + 1

    def _judge(self, data: bytes, values: Bytes, starts: Places, stops: Places, fields: Places, full: Marks) -> None:
        """Find the first record that is not as the header; `full` marks those that are no blank lines."""
        self.records += int(full.sum())
        last_empty = values[np.maximum(stops - 1, 0)] == ord(self.delimiter)
        wide = full & (fields == self.width + 1) & last_empty
        if wide.any() and not self._wide:
            self._first_wide = self._line_of(data, int(starts[wide.argmax()]))
        self._wide += int(wide.sum())
        wrong = np.flatnonzero(full & (fields != self.width) & ~wide)
        if len(wrong):
            at = wrong[0]
            line = self._line_of(data, int(starts[at]))
            self.flaw = f"line {line} has {fields[at]} fields, the header has {self.width}"
            return
        # Files that were put behind each other have their header among the rows.
        alike = np.flatnonzero(full & (stops - starts == len(self.header)) & (self.width > 1))
        again = next((at for at in alike if data[starts[at] : stops[at]] == self.header), None)
        if again is not None:
            self.flaw = f"line {self._line_of(data, int(starts[again]))} repeats the header"

    def _line_of(self, data: bytes, start: int) -> int:
        return self._line + data.count(bytes([self._ending]), 0, start)

    def _lone_return(self, values: Bytes, outside: Marks, last: int) -> bool:
        returns = np.flatnonzero((values[:last] == RETURN) & outside[:last])
        lone = returns[values[returns + 1] != NEWLINE]
        if len(lone):
            line = self._line + int((values[: lone[0]] == NEWLINE).sum())
            self.flaw = f"line {line} has a carriage return (CR) inside a line"
        return bool(len(lone))

    def _outside(self, values: Bytes) -> Marks | None:
        """Mark the bytes that are in no quotes; None where quotes are not as in RFC 4180."""
        quotes = values == ord(self.quote)
        places = np.flatnonzero(quotes)
        if not len(places):
            return np.ones(len(values), dtype=bool)
        opening, closing = places[::2], places[1::2]
        before = values[np.maximum(opening - 1, 0)]
        after = values[closing[closing + 1 < len(values)] + 1]
        fine = (opening == 0) | self._edge(before) | (before == ord(self.quote))
        if not (fine.all() and (self._edge(after) | (after == ord(self.quote))).all()):
            return None
        inside: Marks = (np.cumsum(quotes, dtype=np.int64) & 1).astype(bool)
        return ~inside

    def _edge(self, values: NDArray[np.uint8]) -> NDArray[np.bool_]:
        edge: Marks = np.isin(values, [ord(self.delimiter), NEWLINE, RETURN])
        return edge


def slow(stream: IO[bytes], delimiter: str, quote: str, width: int, *, strict: bool = False) -> str | None:
    """What is wrong with the lines, where quotes are not as in RFC 4180; None if nothing is.

    In a file without quoted fields a quote is a sign as any other.
    """
    with io.TextIOWrapper(stream, "utf-8-sig", newline="") as text:
        quoted = any(line.startswith(quote) or delimiter + quote in line for line in text)
        text.seek(0)
        reader = csv.reader(text, delimiter=delimiter, quotechar=quote, strict=strict)
        try:
            for record in _records(reader):
                if len(record) != width:
                    return f"line {reader.line_num} has {len(record)} fields, the header has {width}"
                if quoted and any(_odd(cell, quote) for cell in record):
                    return f"line {reader.line_num} has a quote that is not valid in CSV"
        except csv.Error as error:
            return f"line {reader.line_num}: {error}"
    return None


def _odd(cell: str, quote: str) -> bool:
    return quote in cell and (cell.count(quote) % 2 == 1 or quote * 2 in cell or f"\\{quote}" in cell)


def _records(reader: Iterable[list[str]]) -> Iterator[list[str]]:
    return (record for record in reader if record)
