"""A commented model file as text."""

from __future__ import annotations

import re
from collections.abc import Iterable

import yaml

from driftloop.monitoring.errors import listed
from driftloop.monitoring.losses import fitting
from driftloop.monitoring.settings.durations import format_duration
from driftloop.monitoring.settings.labels import Labels
from driftloop.monitoring.settings.predictions import Predictions
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources.places import is_metadata
from driftloop.pipelines.init.calendar_features import Calendar
from driftloop.pipelines.init.guess import Guess
from driftloop.pipelines.init.imbalance import Imbalance
from driftloop.pipelines.init.joined import Apart
from driftloop.pipelines.init.scored import Elsewhere
from driftloop.pipelines.init.spans import BATCHES, DAY, YEAR, Spans
from driftloop.pipelines.init.spellings import one_spelling
from driftloop.pipelines.init.templates import (
    ELSEWHERE,
    HERE,
    LATE,
    LOCAL,
    NAME_TOO,
    NOTIFY,
    SQL,
    TEMPLATE,
    TYPES,
    ZONE,
)
from driftloop.pipelines.init.yaml_text import address, expression, name_list, one_line, quoted
from driftloop.pipelines.notify.notices import KINDS


def written(
    *,
    model: str,
    source: Source,
    guess: Guess,
    spans: Spans,
    calendar: Calendar,
    newest: str,
    apart: Apart | None = None,
    labels: Source | None = None,
    rare: Imbalance | None = None,
    urls: Iterable[str] = (),
    elsewhere: Elsewhere | None = None,
) -> str:
    """Return the YAML of a model; `newest` is a comment on the newest label and row, `rare` are its classes if one is.

    `apart` is the table of labels where they have one, `labels` where that is, seen from the file; `urls` are those of
    the notifications; `elsewhere` is the table of the predictions of a model elsewhere.
    """
    delay = format_duration(spans.delay)
    left = "".join(f"  # left out: {quoted(column)} ({one_line(why)})\n" for column, why in guess.left_out.items())
    loss, *losses = fitting(guess.task)
    if elsewhere is not None and elsewhere.predictions.label is not None:
        loss, losses, rare = "error_rate", ["another loss of predicted classes"], None
    few = max(10, min(200, spans.rows // 4))
    found = _of_rare(rare, guess.target, spans)
    text = TEMPLATE.format(
        name=quoted(model),
        task=guess.task,
        where=_where(source),
        time=quoted(guess.time),
        zone=ZONE if guess.naive else LOCAL if calendar.zoned else "",
        target=quoted(guess.target),
        id=_id(apart, elsewhere),
        labels=_labels(apart, labels) if apart and labels else "",
        target_note="" if guess.named else "; a guess: no column is called like a target",
        delay=delay,
        delay_note=f"; {newest}" if newest else "",
        numeric=name_list([*guess.numeric, *calendar.derived]),
        categorical=name_list(guess.categorical),
        codes=_codes(guess),
        spelled=_spelled(guess),
        types=_types(guess),
        left=left,
        derived=_derived(guess, calendar),
        current=format_duration(spans.current),
        min_rows=few,
        loss=loss,
        losses=f"or {', '.join(losses)}",
        reference=_reference(spans, elsewhere),
        deciding=_elsewhere(elsewhere, spans, few) if elsewhere else _here(found, spans, few),
        metrics=found["metrics"],
        weight=_weight(guess),
        notify=_notify(urls),
        cron="0 6 * * *" if spans.current >= DAY else "5 * * * *",
    )
    neat = "\n".join(_aligned(line) for line in text.split("\n"))
    # A name may hold what looks like a comment.
    return neat if yaml.safe_load(neat) == yaml.safe_load(text) else text


def _here(found: dict[str, str], spans: Spans, few: int) -> str:
    """The sections of a model that driftloop trains; `found` is what a rare class adds."""
    return HERE.format(
        min_labels=few,
        late=LATE.format(delay=format_duration(spans.delay), least=few) if spans.delay else "",
        training=format_duration(spans.training),
        season="; a year, because the history has two" if spans.training >= YEAR else "",
        training_rows=max(30, min(500, spans.held(spans.training) // 4)),
        holdout=format_duration(spans.holdout),
        gate_rows=max(20, min(100, spans.held(spans.holdout) // 4)),
        **{name: text for name, text in found.items() if name != "metrics"},
    )


def _id(apart: Apart | None, elsewhere: Elsewhere | None) -> str:
    """The line of the id, where another table is joined by it."""
    tables = [name for name, there in (("labels", apart), ("predictions", elsewhere)) if there is not None]
    found = apart or elsewhere
    if found is None:
        return ""
    return f"  id: {name_list([found.id])}   # the row's name, also in the table of {' and '.join(tables)}\n"


def _reference(spans: Spans, elsewhere: Elsewhere | None) -> str:
    if elsewhere is None:
        return ""
    span = format_duration(BATCHES * spans.current)
    return f"  reference_span: {span}   # what the champion scored here is what fresh rows are compared with\n"


def _elsewhere(elsewhere: Elsewhere, spans: Spans, few: int) -> str:
    """The sections of a model whose predictions are read."""
    found = elsewhere.predictions
    assert found.source is not None
    parts = ["  source:", *(f"  {line}" for line in _where(found.source).splitlines())]
    parts.append(f"  id: {name_list(found.id)}   # holds the values of columns.id")
    parts.append(f"  time: {quoted(str(found.time))}   # when the row was scored")
    parts += [f"  version: {quoted(found.version)}"] if found.version else []
    if found.label is not None:
        parts.append(f"  label: {quoted(found.label)}   # the predicted class")
    elif isinstance(found.prediction, dict):
        each = ", ".join(f"{quoted(level)}: {quoted(name)}" for level, name in found.prediction.items())
        parts.append(f"  prediction: {{{each}}}   # class: column of its probability")
    else:
        parts.append(f"  prediction: {quoted(str(found.prediction))}{elsewhere.note}")
    parts += _read_by(found)
    least = min(500, max(20, BATCHES * spans.rows // 2))
    parts.append(f"  min_rows: {least}   # labeled rows of a version before it can be the champion")
    text = "predictions:                 # made elsewhere, and read\n" + "\n".join(parts) + "\n\n"
    return ELSEWHERE.format(predictions=text, min_labels=few)


def _read_by(table: Labels | Predictions) -> list[str]:
    """The lines with the types and expressions of a table of labels or predictions."""
    types = ", ".join(f"{quoted(name)}: {kind}" for name, kind in table.types.items())
    lines = [f"  types: {{{types}}}   # for the expressions below"] if types else []
    lines += ["  derived:"] if table.derived else []
    return lines + [f"    {quoted(name)}: {expression(how)}" for name, how in table.derived.items()]


def _notify(urls: Iterable[str]) -> str:
    """The section of the notifications, as a comment without a URL."""
    text = NOTIFY.format(kinds=", ".join(KINDS))
    if not urls:
        return text
    kept = [line.removeprefix("# ").removeprefix("#") for line in text.splitlines(keepends=True)]
    return f"{kept[0]}  urls: {name_list(urls)}   # test it: driftloop notify --test CONFIG\n  #{kept[2]}"


def _where(source: Source) -> str:
    """The lines of the source."""
    notes = {
        "path": "   # relative to this file; a glob or an fsspec URL works too",
        "encoding": "   # the files are not UTF-8",
        "url": "   # ${NAME} is filled from the environment: write passwords so",
        "delta": "   # the folder of the table, relative to this file; a URL works too",
        "iceberg": "   # this snapshot for ever: name the table and its catalog to read new rows",
    }
    if source.iceberg and not is_metadata(source.iceberg):
        notes["iceberg"] = "   # in the default catalog of pyiceberg; catalog names another one"
    return "\n".join(f"  {key}: {value}{notes.get(key, '')}" for key, value in address(source).items())


def _weight(guess: Guess) -> str:
    """The line of the weight, where a column is called like one."""
    if guess.weight is None:
        return ""
    note = "each row counts as its weight; a guess by its name: if it is not, move it to numeric"
    return f"  weight: {quoted(guess.weight)}   # {note}\n"


def _of_rare(rare: Imbalance | None, target: str, spans: Spans) -> dict[str, str]:
    """What a rare class adds to the template; nothing without one."""
    if rare is None:
        return dict.fromkeys(("metrics", "of_class", "of_class_note", "params", "gate_of_class"), "")
    window, held = spans.rows * rare.share, rare.at_gate(spans)
    return {
        "metrics": f"{rare.metrics(target)}\n",
        "of_class": f", min_per_class: {rare.per_window(spans)}",
        "of_class_note": f"   # about {window:,.0f} of {one_line(repr(rare.rare))} in a window",
        "params": rare.params,
        "gate_of_class": f"  min_per_class: {rare.per_holdout(spans)}   # of each class; the gate's half of the "
        f"holdout has about {held:,.0f} of {one_line(repr(rare.rare))}\n",
    }


def _aligned(line: str) -> str:
    """The line with its comment in the column of the others, where a name has no # in it.

    >>> _aligned("  time: ts   # when"), _aligned("# all of it"), _aligned('  - "a #b"   # c')
    ('  time: ts                   # when', '# all of it', '  - "a #b"   # c')
    """
    found = re.fullmatch(r"( *[^#\s][^#]*?) {2,}# ?([^#]*)", line)
    return f"{found[1]:<28} # {found[2]}" if found else line


def _types(guess: Guess) -> str:
    if not guess.types:
        return ""
    inside = ", ".join(f"{quoted(name)}: {kind}" for name, kind in guess.types.items())
    notes = [note for kind, note in TYPES.items() if kind in guess.types.values()]
    return f"  types: {{{inside}}}   # {'; '.join(notes)}\n"


def _codes(guess: Guess) -> str:
    """A line that makes categories of numbers that may be codes."""
    if not guess.codes:
        return ""
    line = name_list([*guess.categorical, *guess.codes])
    return f"  # categorical: {line}   # if these are codes, not amounts; take them out of numeric then\n"


def _spelled(guess: Guess) -> str:
    """A line for each category whose levels differ in case or outer spaces only, with the expression for one level."""
    assert guess.engine is not None
    lines = []
    for name, texts in guess.spelled.items():
        how = expression(one_spelling(name, texts, guess.engine))
        lines.append(f"  # {quoted(name)}: {how}   # under derived, if {one_line(listed(texts))} are the same\n")
    return "".join(lines)


def _derived(guess: Guess, calendar: Calendar) -> str:
    """The expressions of columns that are not read as they are, each with what it does."""
    hints = [f"    # {quoted(name)}: {expression(how)}   # {NAME_TOO}" for name, how in calendar.hints.items()]
    if not guess.derived and not calendar.derived:
        parts = ", ".join(f"{quoted(name)}: {expression(how)}" for name, how in calendar.hints.items())
        return f"  # derived: {{{parts or 'ratio: one_column / another'}}}   # {SQL}; {NAME_TOO}"
    notes = {name: how.note() for name, how in guess.written.items()}
    if guess.times and guess.timed:
        notes[guess.time] = f"all of {guess.timed:,} values of a sample read so"
    if guess.no_label:
        notes[guess.target] = f"{listed(guess.no_label)} count as missing labels"
    own = "; each takes the place of the column of its name" if guess.derived else ""
    lines = [f"  derived:                   # {SQL}{own}"]
    for name, how in guess.derived.items():
        lines += [f"    # {quoted(name)}: {one_line(notes[name])}"] if name in notes else []
        lines.append(f"    {quoted(name)}: {expression(how)}")
    for name, how in calendar.derived.items():
        lines.append(f"    {quoted(name)}: {expression(how)}   # new: the target depends on it")
    return "\n".join([*lines, *hints])


def _labels(apart: Apart, source: Source) -> str:
    """The section of the labels."""
    labels = apart.labels
    keys = address(source) | ({"encoding": labels.encoding} if labels.encoding else {})
    where = "".join(f"  {key}: {value}\n" for key, value in keys.items())
    time = f"  time: {quoted(labels.time)}   # when the label became known\n" if labels.time else ""
    key = f"  key: {name_list(labels.key)}   # holds the values of columns.id\n"
    time += "".join(f"{line}\n" for line in _read_by(labels))
    return f"\nlabels:                      # joined to the rows as of the time of a check\n{where}{key}{time}"
