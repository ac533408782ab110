"""Losses of every slice, from labeled rows in pieces: four bytes per row and per entry of `slices`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from driftloop.monitoring.records import SliceReference
from driftloop.monitoring.settings.slices import Slice
from driftloop.monitoring.slices.membership import Marked

MOST_LEVELS = 50


class Part(NamedTuple):
    """One slice: its name, its definition and the places of its rows, in their order, shape (n,).

    `merged` is the number of values that it combines, 0 unless it is the rest of a column with many values.
    """

    name: str
    rule: str
    places: NDArray[np.intp]
    merged: int = 0


class Slicing:
    """The slices of labeled rows, added piece by piece."""

    def __init__(self, slices: Sequence[Slice]) -> None:
        self.slices = tuple(slices)
        self.codes: list[list[NDArray[np.int32]]] = [[] for _ in slices]
        self.known: list[dict[str, int]] = [{} for _ in slices]

    def add(self, marked: Sequence[Marked]) -> None:
        """Add more rows."""
        for codes, known, new in zip(self.codes, self.known, marked, strict=True):
            places = np.array([*(known.setdefault(name, len(known)) for name in new.names), -1], dtype=np.int32)
            codes.append(places[new.codes])

    def parts(self, order: NDArray[np.intp] | None, before: Sequence[SliceReference] = ()) -> Iterator[Part]:
        """Yield the slices with their rows; `order` are the places of the rows by time, None if they are in order.

        Of a column with many values the 50 most frequent are slices, and the rest is one: those of `before`, the
        slices that a champion's version remembers, if it has any of that column.
        """
        for each, pieces, known in zip(self.slices, self.codes, self.known, strict=True):
            if not pieces:
                continue
            codes = np.concatenate(pieces)
            codes = codes if order is None else codes[order]
            names, merged = list(known), 0
            if each.where is not None:
                yield Part(names[0], each.rule, np.flatnonzero(codes == 0))
                continue
            if not each.bins:
                kept = {one.name for one in before if one.rule == each.rule}
                codes, names, merged = _limited(codes, names, kept, f"{each.title}: other")
            # Sorting of 16-bit numbers takes a time that is proportional to the rows.
            short = codes.astype(np.int16) if len(names) < np.iinfo(np.int16).max else codes
            by_slice = np.argsort(short, kind="stable")
            ends = np.cumsum(np.bincount(codes + 1, minlength=len(names) + 1))
            for place, name in enumerate(names):
                places = by_slice[ends[place] : ends[place + 1]]
                yield Part(name, each.rule, places, merged if name == f"{each.title}: other" else 0)


def _limited(
    codes: NDArray[np.int32], names: list[str], known: set[str], other: str
) -> tuple[NDArray[np.int32], list[str], int]:
    """Return codes and names with at most 50 values, the rest as one; and how many values that combines."""
    counts = np.bincount(codes[codes >= 0], minlength=len(names))
    frequent = [names[place] for place in np.argsort(-counts, kind="stable") if counts[place]]
    keep = known - {other}
    if other not in known:
        # Without a rest at training a value that is new is a slice of its own, as long as there are not too many.
        new = [name for name in frequent if name not in keep]
        keep |= set(new[: max(MOST_LEVELS - len(keep), 0)])
    merged = sum(name not in keep for name in frequent)
    if not merged:
        return codes, names, 0
    kept = [name for name in names if name in keep]
    places = np.array([kept.index(name) if name in keep else len(kept) for name in names] + [-1], dtype=np.int32)
    return places[codes], [*kept, other], merged
