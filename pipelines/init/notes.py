"""What a user should know of a proposal, a sentence each: what was guessed, and what may be wrong with it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from driftloop.monitoring.errors import listed
from driftloop.monitoring.settings.durations import format_duration
from driftloop.pipelines.init.calendar_features import Calendar
from driftloop.pipelines.init.guess import Guess
from driftloop.pipelines.init.imbalance import imbalance
from driftloop.pipelines.init.spans import Spans
from driftloop.pipelines.init.target import MANY_CLASSES, listed_as_text
from driftloop.pipelines.init.timeline import Timeline
from driftloop.pipelines.init.yaml_text import name_list

if TYPE_CHECKING:
    import pandas as pd

FEW = 50
# What people call the class that they look for.
POSITIVE = frozenset(["1", "true", "t", "yes", "y", "positive", "pos"])
# So many classes are counted: a target of more is a mistake that other notes name.
MOST_COUNTED = 1000


def counting(frames: Iterable[pd.DataFrame], target: str, classes: Counter[str]) -> Iterator[pd.DataFrame]:
    """Pass frames on and count the values of their target on the way."""
    for frame in frames:
        if len(classes) <= MOST_COUNTED:
            classes.update({spelled(value): int(n) for value, n in frame[target].value_counts().items()})
        yield frame


def spelled(value: Any) -> str:
    """Return a class as people write it: 1.0 is 1.

    >>> spelled(1.0), spelled("late"), spelled(True)
    ('1', 'late', 'True')
    """
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def balance(classes: Counter[str]) -> str:
    """Return how often the classes are; empty for fewer than two.

    >>> balance(Counter({"0": 9708, "1": 292}))
    "2.9% positives ('1'): 292 of 10,000 labeled rows"
    >>> balance(Counter({"rome": 700, "oslo": 300}))
    "30.0% 'oslo': 300 of 1,000 labeled rows"
    >>> balance(Counter({"a": 60, "b": 30, "c": 10}))
    "3, from 'a' (60.0%: 60 of 100 labeled rows) to 'c' (10.0%: 10)"
    """
    total, ranked = classes.total(), classes.most_common()
    if not 2 <= len(ranked) <= MOST_COUNTED:
        return ""
    (most, often), (least, rare) = ranked[0], ranked[-1]
    if len(ranked) > 2:
        largest = f"{most!r} ({often / total:.1%}: {often:,} of {total:,} labeled rows)"
        return f"{len(ranked)}, from {largest} to {least!r} ({rare / total:.1%}: {rare:,})"
    positive = [name for name in classes if name.casefold().removesuffix(".0") in POSITIVE]
    name = positive[0] if len(positive) == 1 else least
    called = f"positives ({name!r})" if positive == [name] else repr(name)
    return f"{classes[name] / total:.1%} {called}: {classes[name]:,} of {total:,} labeled rows"


def whole_numbers(classes: Counter[str]) -> bool:
    """Return whether all classes are whole numbers, such as stars from 1 to 5.

    >>> whole_numbers(Counter(["1", "5.0"])), whole_numbers(Counter(["1", "a"])), whole_numbers(Counter())
    (True, False, False)
    """
    return bool(classes) and all(re.fullmatch(r"-?\d+(\.0)?", name) for name in classes)


def newest_label(timeline: Timeline, delay: timedelta) -> str:
    """Return the newest label and the newest row where they differ."""
    if timeline.newest_label is None:
        return "no row has a label yet"
    if not delay:
        return ""
    return f"newest label {timeline.newest_label:%Y-%m-%d}, newest row {timeline.newest:%Y-%m-%d}"


def notes(
    guess: Guess, timeline: Timeline, spans: Spans, calendar: Calendar, classes: Counter[str], odd: int, unusable: int
) -> list[str]:
    """Return what a user should know of the guess."""
    found = []
    if not guess.named:
        found.append(
            f"target: {guess.target!r} is a guess, no column is called like a target; another one: --target NAME"
        )
    if guess.task == "multiclass" and guess.classes > MANY_CLASSES:
        found.append(f"target: {guess.classes} classes are many; check that {guess.target!r} is the target")
    if guess.task == "multiclass" and whole_numbers(classes):
        found.append("task: the classes are whole numbers; to predict an average write task: regression")
    if guess.has_classes and (shares := balance(classes)):
        found.append(f"classes: {shares}")
    if guess.weight is not None:
        found.append(
            f"weight: {guess.weight!r} is called like the weight of a row and is not a feature; if it is none, move it "
            "to columns.numeric"
        )
    if guess.task == "binary" and (rare := imbalance(classes)) is not None:
        found.append(f"imbalance: {rare.counted}; metrics and minimum numbers of each class are proposed for it")
    found += _of_times(guess, calendar)
    found += _of_columns(guess)
    if guess.no_label:
        found.append(f"labels: {listed(guess.no_label)} in {guess.target!r} count as missing")
    newest = newest_label(timeline, spans.delay)
    if newest:
        found.append(f"labels: {newest}; columns.label_delay is {format_duration(spans.delay)}")
    if odd:
        found.append(
            f"time: {odd:,} rows are far from all others or in the future; the windows are proposed without them"
        )
    if unusable:
        found.append(f"time: {unusable:,} rows have no time that can be used; they are not read")
    if timeline.labelled < spans.rows or spans.rows < FEW:
        found.append(f"rows: about {spans.rows} labeled rows a window are few; a check will see large changes only")
    if guess.left_out:
        found.append("left out: " + listed_as_text([f"{name!r} ({why})" for name, why in guess.left_out.items()]))
    return found


def _of_times(guess: Guess, calendar: Calendar) -> list[str]:
    found = []
    if guess.times:
        found.append(f"time: {guess.time!r} is read by {guess.times[0]}")
    if guess.naive:
        found.append(
            f"time: {guess.time!r} has no offset and is read as UTC; for local times set columns.time_zone, "
            "for example Europe/Berlin"
        )
    if calendar.derived:
        verb, them = ("is", "it") if len(calendar.derived) == 1 else ("are", "them")
        found.append(
            f"time: {listed(calendar.derived)} {verb} derived from {guess.time!r}: the target depends on {them}"
            + ("; in UTC, unless columns.time_zone names another zone" if calendar.zoned and not guess.naive else "")
        )
    return found


def _of_columns(guess: Guess) -> list[str]:
    found = []
    if guess.written:
        how = [f"{name!r} ({how.note()})" for name, how in guess.written.items()]
        found.append("numbers: read by columns.derived: " + listed_as_text(how))
    if guess.codes:
        found.append(_of_codes(guess))
    if guess.spelled:
        few = [f"{name!r} ({listed(texts, 4)})" for name, texts in guess.spelled.items()]
        found.append(
            f"spelling: levels of {listed_as_text(few)} differ in case or spaces only, and each is a category of its "
            "own; a comment in the file has the expression that makes them one"
        )
    return found


def _of_codes(guess: Guess) -> str:
    few = [f"{name!r} ({count} values)" for name, count in guess.codes.items()]
    return (
        f"codes: {listed_as_text(few)} may be codes, not amounts; if so, take them out of columns.numeric and write "
        f"{codes_line(guess)}"
    )


def codes_line(guess: Guess) -> str:
    """Return the line of the model file that makes categories of the likely codes."""
    return f"categorical: {name_list([*guess.categorical, *guess.codes])}"
