"""A commented model file as text."""

from __future__ import annotations

import re
from collections.abc import Iterable

import yaml

from driftloop.monitoring.errors import listed
from driftloop.monitoring.losses import fitting
from driftloop.monitoring.settings.durations import format_duration
from driftloop.monitoring.settings.source import Source
from driftloop.pipelines.init.calendar_features import Calendar
from driftloop.pipelines.init.guess import Guess
from driftloop.pipelines.init.imbalance import Imbalance
from driftloop.pipelines.init.joined import Apart
from driftloop.pipelines.init.spans import DAY, YEAR, Spans
from driftloop.pipelines.init.spellings import one_spelling
from driftloop.pipelines.init.yaml_text import expression, name_list, one_line, quoted
from driftloop.pipelines.notify.notices import KINDS

TYPES = {
    "decimal_comma": "decimal_comma: 1.234,5, as all values of the column are written",
    "thousands_comma": "thousands_comma: 1,234.5, as all values of the column are written",
    "text": "text: for the expression below",
}
SQL = "SQL expressions in the source's dialect"
ZONE = "  # time_zone: Europe/Berlin  # the times have no offset and are read as UTC; name their own zone here\n"
LOCAL = "  # time_zone: Europe/Berlin  # hour and weekday are those of UTC; name the zone whose clock counts here\n"
NAME_TOO = "name it in numeric, too"
# What the default policies need of labels, where these come late.
LATE = """\
    # recoverable_loss compares losses of labeled rows: it sees a change about {delay} after it began, once the labels
    # are complete; enough_labels prevents a retrain while there are fewer than {least} of them.
    # drift_share and estimated_loss need no labels.
"""
NOTIFY = """\
# notify:                    # mail, Slack, Teams, webhooks: apprise's URLs
#   urls: ["slack://${{SLACK_TOKEN}}"]
#   on: [{kinds}]
"""
TEMPLATE = """\
# yaml-language-server: $schema=driftloop.schema.json
# driftloop: one file per monitored model. Every key: docs/config.md
model: {name}
task: {task}                  # regression, binary or multiclass: check this guess

source:
{where}

columns:
{id}  time: {time}               # when the row happened
{zone}  target: {target}           # what the model predicts{target_note}
{weight}  label_delay: {delay}            # labels of rows older than this are complete{delay_note}
  numeric: {numeric}
  categorical: {categorical}
{codes}{spelled}{types}{left}{derived}
  # filter: "some_column > 0"                   # SQL condition; other rows are not read
{labels}
windows:
  current: {current}                # the fresh rows of one check

# drift:                     # compare with the same weeks of last year, not with the newest training rows
#   reference: {{same_period: 1y}}

preflight:
  min_rows: {min_rows}               # fewer rows end a check as too_few_rows

performance:
  loss: {loss}                # {losses}

{metrics}policies:                    # any trigger that fires requests a retrain, any guard that vetoes prevents it
  triggers:
{late}    - {{policy: recoverable_loss, cost: {{retrain: 0.2}}}}    # in units of the loss on the rows of one check
    # - {{policy: performance_drop, max_rise: 0.15}}
    # - {{policy: drift_share, threshold: 0.5}}
    # - {{policy: max_age, max_age_days: 90}}
  guards:
    - {{policy: enough_labels, min_labels: {min_labels}{of_class}}}{of_class_note}
    # - {{policy: cooldown, days: 7}}

training:
  window: {{choose: {training}}}     # labeled rows, the holdout included; probes also try twice it and all rows{season}
  holdout: {holdout}                # the newest part, kept for the gate
  min_rows: {training_rows}
  estimator: auto            # xgboost or a linear model; or a scikit-learn class by dotted path, or module:function
{params}
gate:                        # promotion test of a challenger
  confidence: 0.95
  min_rows: {gate_rows}
{gate_of_class}
schedule:                    # for `driftloop serve`
  cron: "{cron}"
  time_zone: UTC
  # on: {{arrival: incoming/*.parquet}}           # check when a file arrives; or poll: 5m for a table

{notify}"""


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
) -> str:
    """Return the YAML of a model; `newest` is a comment on the newest label and row, `rare` are its classes if one is.

    `apart` is the table of labels where they have one, `labels` where that is, seen from the file; `urls` are those of
    the notifications.
    """
    delay = format_duration(spans.delay)
    left = "".join(f"  # left out: {quoted(column)} ({one_line(why)})\n" for column, why in guess.left_out.items())
    loss, *losses = fitting(guess.task)
    few = max(10, min(200, spans.rows // 4))
    learned = spans.held(spans.training)
    text = TEMPLATE.format(
        name=quoted(model),
        task=guess.task,
        where=_where(source),
        time=quoted(guess.time),
        zone=ZONE if guess.naive else LOCAL if calendar.zoned else "",
        target=quoted(guess.target),
        id=f"  id: {name_list([apart.id])}   # the row's name, also in the table of labels\n" if apart else "",
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
        min_labels=few,
        late=LATE.format(delay=delay, least=few) if spans.delay else "",
        training=format_duration(spans.training),
        season="; a year, because the history has two" if spans.training >= YEAR else "",
        training_rows=max(30, min(500, learned // 4)),
        holdout=format_duration(spans.holdout),
        gate_rows=max(20, min(100, spans.held(spans.holdout) // 4)),
        weight=_weight(guess),
        **_of_rare(rare, guess.target, spans),
        notify=_notify(urls),
        cron="0 6 * * *" if spans.current >= DAY else "5 * * * *",
    )
    neat = "\n".join(_aligned(line) for line in text.split("\n"))
    # A name may hold what looks like a comment.
    return neat if yaml.safe_load(neat) == yaml.safe_load(text) else text


def _notify(urls: Iterable[str]) -> str:
    """The section of the notifications, as a comment without a URL."""
    text = NOTIFY.format(kinds=", ".join(KINDS))
    if not urls:
        return text
    kept = [line.removeprefix("# ").removeprefix("#") for line in text.splitlines(keepends=True)]
    return f"{kept[0]}  urls: {name_list(urls)}   # test it: driftloop notify --test CONFIG\n  #{kept[2]}"


def _where(source: Source) -> str:
    """The lines of the source."""
    if source.path:
        path = f"  path: {quoted(source.path)}   # relative to this file; a glob or an fsspec URL works too"
        path += f"\n  format: {source.format}" if source.format else ""
        return path + (f"\n  encoding: {source.encoding}   # the files are not UTF-8" if source.encoding else "")
    return (
        f"  url: {quoted(str(source.url))}   # ${{NAME}} is filled from the environment: write passwords so\n"
        f"  table: {quoted(str(source.table))}"
    )


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
    if source.path:
        where = "".join(
            f"  {key}: {value}\n"
            for key, value in (
                ("path", quoted(source.path)),
                ("format", source.format),
                ("encoding", labels.encoding),
            )
            if value
        )
    else:
        where = f"  url: {quoted(str(source.url))}\n  table: {quoted(str(source.table))}\n"
    time = f"  time: {quoted(labels.time)}   # when the label became known\n" if labels.time else ""
    key = f"  key: {name_list(labels.key)}   # holds the values of columns.id\n"
    types = ", ".join(f"{quoted(name)}: {kind}" for name, kind in labels.types.items())
    time += f"  types: {{{types}}}   # for the expressions below\n" if types else ""
    time += "  derived:\n" if labels.derived else ""
    time += "".join(f"    {quoted(name)}: {expression(how)}\n" for name, how in labels.derived.items())
    return f"\nlabels:                      # joined to the rows as of the time of a check\n{where}{key}{time}"
