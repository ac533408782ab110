"""The page of a backtest: recommendation, cost and retrains of every policy, predictive power of the signals. Pure."""

from __future__ import annotations

from driftloop.monitoring.presentation.markup import number
from driftloop.monitoring.records import DASH, loss_title
from driftloop.pipelines.backtest.charts import pareto, regrets, signals, tone
from driftloop.pipelines.backtest.loss_chart import timeline
from driftloop.pipelines.backtest.standings import Standing
from driftloop.pipelines.backtest.study import Study
from driftloop.pipelines.backtest.window_words import TITLES, cells, explained
from driftloop.pipelines.backtest.words import (
    compared,
    length,
    more_cells,
    more_columns,
    more_legends,
    recommended,
    verdict,
    worth,
)
from driftloop.pipelines.backtest.writing import as_yaml
from driftloop.pipelines.runtime.pages import render as rendered
from driftloop.pipelines.site.scales import aligned

SHEETS = ("presentation/style.css", "site/style.css", "backtest/style.css")
KEYS = {
    "best": "recommended",
    "own": "the config's own",
    "never": "never",
    "oracle": "oracle",
    "other": "others",
}
NOTES = (
    "The oracle knows the whole history: its schedule is the cheapest possible; a policy reaches it only by luck.",
    "A false alarm is a retrain that gained less before the next retrain than it cost.",
    "A replayed challenger always takes over; in production the gate may reject it.",
)
# Columns of the models of the history that the archive keeps: title, class, whether it is a number.
KEPT_HEADS = (
    ["Rank", "n", True],
    ["Trained up to", "name", False],
    ["Version", "n", True],
    ["Loss, times a fresh model's", "n", True],
    ["Later batches", "n", True],
    ["Kept", "name", False],
)


def render(study: Study) -> str:
    """Return the whole page; every text in it is escaped, and it loads nothing."""
    found = study.recommendation
    rows = _rows(study)
    shown = {kind for _, kind, *_ in rows}
    return rendered(
        "backtest/page.html.j2",
        title=f"{study.model}: backtest",
        sheets=SHEETS,
        study=study,
        mark=_mark(study),
        warnings=worth(study),
        verdict=verdict(found) if found else "Nothing is recommended: fewer than two policies were compared.",
        chosen=recommended(study)[0] if found else "",
        block=as_yaml(found.triggers) if found and found.confirmed else "",
        facts=_facts(study),
        keys=[(kind, word) for kind, word in KEYS.items() if kind in shown],
        rows=rows,
        more=[[column.title.capitalize(), "n", True] for column in more_columns(study)],
        regrets=regrets(study),
        pareto=pareto(study),
        timeline=timeline(study),
        signals=signals(study),
        window_heads=[[title, "n" if at else "name", bool(at)] for at, title in enumerate(TITLES)],
        windows=[cells(one) for one in study.training_windows],
        windows_explained=explained(study.training_windows) if study.training_windows else "",
        kept_heads=KEPT_HEADS,
        kept=_kept(study),
        notes=(*study.notes, *NOTES, *more_legends(study)),
    )


def _mark(study: Study) -> tuple[str, str]:
    """Tone and text of the badge next to the model's name."""
    found = study.recommendation
    if found is None:
        return "quiet", "no choice"
    if found.own:
        return "good", "keep the config"
    return ("new", "recommended") if found.confirmed else ("warn", "not confirmed")


def _kept(study: Study) -> list[list[str]]:
    """Return the models of the history that were tried for the archive, those without a rank last."""
    ranked = {one.end: one for one in study.history_models}
    rows = []
    for one in sorted(study.kept_models, key=lambda kept: (kept.rank is None, kept.rank or 0)):
        found = ranked.get(one.end)
        loss = None if found is None else found.loss
        word = "trained now" if one.trained else "from an earlier backtest"
        rows.append(
            [
                DASH if one.rank is None else str(one.rank),
                f"{one.end:%Y-%m-%d %H:%M}",
                one.version or DASH,
                DASH if loss is None else f"{loss:.3g}",
                DASH if found is None else str(found.batches),
                word if one.rank is not None else f"no: {one.reason}",
            ]
        )
    return rows


def _facts(study: Study) -> list[tuple[str, str]]:
    span = f"{study.windows[0].start:%Y-%m-%d} {DASH} {study.windows[-1].end:%Y-%m-%d}"
    return [
        ("History", span),
        ("Batches", f"{len(study.windows)} of {length(study)}"),
        ("Decided on", f"the newest {study.played}"),
        ("Labels", f"{study.label_delay} batches late" if study.label_delay else "at the end of a batch"),
        (
            "A retrain costs",
            f"{number(study.retrain_cost)} ({study.cost:g} of a fresh model's {loss_title(study.loss_name)})",
        ),
    ]


def _rows(study: Study) -> list[tuple[Standing, str, str, str, list[str]]]:
    """Return each policy with its tone, loss, cost, and cells with the archive and recalibrations.

    Loss and cost have the same number of decimals in all rows.
    """
    shown = (study.oracle, *study.standings, *compared(study))
    figures = aligned([one.loss for one in shown] + [one.cost for one in shown], DASH)
    losses, costs = figures[: len(shown)], figures[len(shown) :]
    lines = zip(shown, losses, costs, strict=True)
    return [(one, tone(one, study), loss, cost, list(more_cells(one, study))) for one, loss, cost in lines]
