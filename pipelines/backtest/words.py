"""A backtest as text: the table for a terminal, and the sentences shared with the page. Escapes nothing."""

from __future__ import annotations

from driftloop.monitoring.presentation.markup import number
from driftloop.monitoring.records import Window, loss_title
from driftloop.monitoring.settings.durations import format_duration
from driftloop.pipelines.backtest.recommendation import Recommendation
from driftloop.pipelines.backtest.standings import Standing
from driftloop.pipelines.backtest.study import Study
from driftloop.pipelines.backtest.window_words import windows_table
from driftloop.pipelines.backtest.writing import as_yaml
from driftloop.pipelines.runtime.tables import PIPE, Column, Row, Screen, drawn, wrapped
from driftloop.pipelines.runtime.terminal import harmless

COLUMNS = (
    Column("policy"),
    *(Column(title, number=True) for title in ("loss", "retrains", "probes", "cost", "regret")),
    *(Column(title, number=True) for title in ("95% CI", "false alarms")),
)
# With the archive, where it is switched on.
ARCHIVED = tuple(Column(title, number=True) for title in ("archive: cost", "switches", "retrains", "regret"))

# With recalibrations, where they have a price.
RECALIBRATED = tuple(
    Column(title, number=True) for title in ("recalibrating: cost", "recalibrations", "retrains", "regret")
)

# With both, as checks use them where both are on.
BOTH = tuple(Column(title, number=True) for title in ("both: cost", "switches", "recalibrations", "retrains", "regret"))


def as_table(study: Study, on: Screen = PIPE) -> str:
    """The whole result for a terminal."""
    columns = COLUMNS + more_columns(study)
    shown = (study.oracle, *study.standings, *compared(study))
    rows = [Row(_cells(one) + more_cells(one, study)) for one in shown]
    legend = "\n".join((LEGEND.format(loss=loss_title(study.loss_name)), *more_legends(study)))
    parts = [
        wrapped(heading(study), on),
        *(wrapped(one, on) for one in worth(study)),
        drawn(columns, rows, on),
        wrapped(legend if on.width is None else legend.replace("\n", " "), on),
        windows_table(study.training_windows, on),
        *(wrapped(one, on) for one in recommended(study)),
    ]
    if study.recommendation is not None and study.recommendation.confirmed:
        parts.append([harmless(as_yaml(study.recommendation.triggers))])
    return "\n\n".join("\n".join(lines) for lines in parts if lines)


LEGEND = (
    "loss: mean {loss} of a batch; cost: loss plus retrains and probes; regret: cost above the oracle, which\n"
    "knows the whole history. * Pareto front: no other policy has a lower loss with no more retrains."
)

ARCHIVE = (
    "archive: the same policy when it may switch back to a former champion (archive.keep); its regret is above\n"
    "an oracle that may switch as well."
)

HISTORY = (
    "archive: the same policy when it may switch back to a former champion, or to a model of the history known by\n"
    "then (archive.keep, --keep-models); its regret is above an oracle that may switch as well."
)

RECALIBRATION = (
    "recalibrating: the same policy when a recalibration may replace a retrain (cost.recalibrate); its regret is\n"
    "above an oracle that may recalibrate as well."
)

WITH_BOTH = (
    "both: the same policy with archive and recalibrations, as in a check: a retrain that is due comes first, and a\n"
    "recalibration may replace it; otherwise the archive may switch back. Its regret is above an oracle that has both."
)


def heading(study: Study) -> str:
    """What was replayed."""
    span = f"{study.windows[0].start:%Y-%m-%d} to {study.windows[-1].end:%Y-%m-%d}"
    late = f", labels {study.label_delay} batches late" if study.label_delay else ""
    return (
        f"{study.model}: {len(study.windows)} batches of {length(study)}, {span}; "
        f"decided on the newest {study.played}{late}.\n"
        f"A retrain costs {number(study.retrain_cost)}: {study.cost:g} of the loss of a fresh model on one batch."
    )


def compared(study: Study) -> tuple[Standing, ...]:
    """The naive baseline, as the last row of every table."""
    return () if study.baseline is None else (study.baseline,)


def worth(study: Study) -> list[str]:
    """A warning where no policy's models beat the naive baseline."""
    if study.worth is not False or study.baseline is None:
        return []
    best = min(study.standings, key=lambda one: one.loss)
    warning = (
        f"Not worth monitoring yet: no policy's models beat the {study.baseline.name} significantly. Best: "
        f"{loss_title(study.loss_name)} {number(best.loss)} ({best.name}), baseline {number(study.baseline.loss)}. "
        "Check the features and the target, lengthen training.window, or add data before you choose a policy."
    )
    return [warning]


def length(study: Study) -> str:
    """How long a batch is, to two digits where it is not a round span."""
    days = study.every.total_seconds() / 86400
    duration = format_duration(study.every)
    return duration if len(duration) <= 4 else f"about {days:.2g} days"


def recommended(study: Study) -> list[str]:
    """What to take, how that was found out, and how far it can be trusted."""
    found = study.recommendation
    if found is None:
        return ["Nothing is recommended: fewer than two policies were compared."]
    best = f"its cost was not significantly higher than that of {found.cheapest}, the cheapest"
    cheapest = "it was the cheapest" if found.cheapest == found.name else best
    chosen = (
        f"Chosen on the earlier part ({_span(found.earlier)}), where {cheapest}: {found.name}. "
        f"On the held-out later part ({_span(found.later)}) it costs {found.later_regret:.1f}% "
        "more than the oracle"
    )
    others = []
    if found.best_name != found.name:
        others.append(f"{found.best_name}, the best there, {found.best_regret:.1f}%")
    if found.own_regret is not None and not found.own:
        others.append(f"the triggers of the config {found.own_regret:.1f}%")
    return ["; ".join([chosen, *others]) + ".", verdict(found)]


def verdict(found: Recommendation) -> str:
    """One sentence: take it, keep what is there, or it makes no difference."""
    if found.own:
        return "Recommended: keep the triggers of the config."
    if found.saving is None or found.saving_low is None or found.saving_high is None:
        return (
            f"Not recommended: the triggers of the config were not compared, so whether {found.name} would save "
            "anything is unknown. Add `config` to --policies; the notes say if they cannot be replayed."
        )
    margin = f"{found.saving:.1f}% (95% CI {found.saving_low:.1f}% to {found.saving_high:.1f}%)"
    if not found.confirmed:
        return (
            f"Not confirmed: on the later part {found.name} saves {margin} compared with the triggers of the config, "
            "which may be chance. Keep the triggers of the config."
        )
    return f"Recommended: {found.name}. On the later part it saves {margin} compared with the triggers of the config."


def _cells(one: Standing) -> tuple[str, ...]:
    return (
        f"{one.name} *" if one.front else one.name,
        number(one.loss),
        str(one.retrains),
        str(one.probes),
        number(one.cost),
        "" if one.kind == "oracle" else f"{one.regret:.1f}%",
        "" if one.kind == "oracle" else f"{one.low:.1f} .. {one.high:.1f}",
        "" if one.kind == "oracle" else str(one.false_alarms),
    )


def more_columns(study: Study) -> tuple[Column, ...]:
    """Return the columns of the same policies with the archive, with recalibrations, and both, where replayed."""
    arms = zip((ARCHIVED, RECALIBRATED, BOTH), _replayed(study), strict=True)
    return tuple(column for columns, played in arms if played for column in columns)


def more_legends(study: Study) -> tuple[str, ...]:
    """Return the explanations of these columns."""
    legends = (HISTORY if study.history_models else ARCHIVE, RECALIBRATION, WITH_BOTH)
    return tuple(legend for legend, played in zip(legends, _replayed(study), strict=True) if played)


def more_cells(one: Standing, study: Study) -> tuple[str, ...]:
    """Return the cells of a policy in these columns."""
    cells = (_with_archive(one), _with_recalibration(one), _with_both(one))
    return tuple(cell for row, played in zip(cells, _replayed(study), strict=True) if played for cell in row)


def _replayed(study: Study) -> tuple[bool, bool, bool]:
    """Return whether policies were replayed with the archive, with recalibrations, and with both."""
    oracle = study.oracle
    return oracle.archive is not None, oracle.recalibrated is not None, oracle.both is not None


def _with_archive(one: Standing) -> tuple[str, ...]:
    """Return the cells of a policy with the archive; empty ones for what has none."""
    if one.archive is None:
        return ("",) * len(ARCHIVED)
    regret = "" if one.kind == "oracle" else f"{one.archive.regret:.1f}%"
    return number(one.archive.cost), str(one.archive.switches), str(one.archive.retrains), regret


def _with_recalibration(one: Standing) -> tuple[str, ...]:
    """Return the cells of a policy with recalibrations; empty ones for what has none."""
    if one.recalibrated is None:
        return ("",) * len(RECALIBRATED)
    result = one.recalibrated
    regret = "" if one.kind == "oracle" else f"{result.regret:.1f}%"
    return number(result.cost), str(result.recalibrations), str(result.retrains), regret


def _with_both(one: Standing) -> tuple[str, ...]:
    """Return the cells of a policy with archive and recalibrations; empty ones for what has none."""
    if one.both is None:
        return ("",) * len(BOTH)
    result = one.both
    regret = "" if one.kind == "oracle" else f"{result.regret:.1f}%"
    counts = (result.switches, result.recalibrations, result.retrains)
    return number(result.cost), *map(str, counts), regret


def _span(window: Window) -> str:
    return f"{window.start:%Y-%m-%d} to {window.end:%Y-%m-%d}"
