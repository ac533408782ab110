"""A table on a laptop that is a list of cards on a phone: each cell knows its heading. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from driftloop.monitoring.presentation.markup import text


@dataclass(frozen=True)
class Head:
    """One column: its word, the class of its cells, and whether a card repeats the word before the value."""

    word: str
    sort: str = ""
    told: bool = True


@dataclass(frozen=True)
class Row:
    """Ready HTML cells; `anchor` is what a link leads to."""

    cells: Sequence[str] = field(default_factory=tuple)
    anchor: str | None = None


def cards(heads: Sequence[Head], rows: Sequence[Row], box: str) -> str:
    """The table in a box that scrolls inside itself; `box` is a class: whole or tall."""
    top = "".join(f"<th{_kind('n' if head.sort == 'n' else '')}>{text(head.word)}</th>" for head in heads)
    body = "".join(f"<tr{_id(row)}>{''.join(_cells(heads, row))}</tr>\n" for row in rows)
    whole = f'<table class="cards"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'
    return f'<div class="scroll {box}" tabindex="0">{whole}</div>'


def _cells(heads: Sequence[Head], row: Row) -> list[str]:
    told = [f' data-h="{text(head.word)}"' if head.told and head.word else "" for head in heads]
    return [f"<td{_kind(head.sort)}{word}>{cell}</td>" for head, word, cell in zip(heads, told, row.cells, strict=True)]


def _kind(sort: str) -> str:
    return f' class="{sort}"' if sort else ""


def _id(row: Row) -> str:
    return f' id="{text(row.anchor)}"' if row.anchor else ""
