"""The page of a backtest: recommendation, cost and retrains of every policy, predictive power of the signals. Pure."""

from __future__ import annotations

from driftloop.monitoring.presentation.markup import DASH, EMPTY, badge, number, pairs, section, text, with_head
from driftloop.pipelines.backtest.charts import pareto, regrets, signals, tone
from driftloop.pipelines.backtest.loss_chart import timeline
from driftloop.pipelines.backtest.standings import Standing
from driftloop.pipelines.backtest.study import Study
from driftloop.pipelines.backtest.words import compared, length, recommended, verdict, worth
from driftloop.pipelines.backtest.writing import as_yaml
from driftloop.pipelines.site.cards import Head, Row, cards
from driftloop.pipelines.site.scales import aligned
from driftloop.pipelines.site.style import SITE_STYLE

STYLE = (
    SITE_STYLE
    + """
#driftloop { --best: #0b62a4; --own: #b4510b; --oracle: #17663a; --never: #7b8794; --other: #9aa5b4; }
@media (prefers-color-scheme: dark) {
  #driftloop { --best: #6cb4f0; --own: #f0a35e; --oracle: #7fd8a2; --never: #8794a3; --other: #5f6b7a; }
}
#driftloop .best { --tone: var(--best); } #driftloop .own { --tone: var(--own); }
#driftloop .oracle { --tone: var(--oracle); } #driftloop .never { --tone: var(--never); }
#driftloop .other { --tone: var(--other); }
#driftloop .chart .dot { fill: var(--tone); stroke: var(--card); stroke-width: 1.5; }
#driftloop .chart .whisker { stroke: var(--tone); stroke-width: 3; stroke-linecap: round; opacity: .45; fill: none; }
#driftloop .chart .front { fill: none; stroke: var(--soft); stroke-width: 1.2; stroke-dasharray: 4 4; }
#driftloop .chart .lead { fill: none; stroke: var(--line); }
#driftloop .chart g text.label { fill: var(--tone); }
#driftloop .chart g.other text.label, #driftloop .chart g.never text.label { fill: var(--soft); font-weight: 400; }
#driftloop .chart g.best text.strong { fill: var(--best); } #driftloop .chart g.own text.strong { fill: var(--own); }
#driftloop .chart .line { fill: none; stroke: var(--tone); stroke-width: 1.8; stroke-linejoin: round; }
#driftloop .chart .never .line { stroke-dasharray: 5 4; }
#driftloop .chart .retrain { fill: var(--tone); } #driftloop .chart .other .retrain { fill: var(--soft); }
#driftloop .chart .probe { fill: none; stroke: var(--tone); stroke-width: 1.4; }
#driftloop .chart .point { fill: var(--best); opacity: .4; }
#driftloop .panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(290px, 1fr)); gap: 18px 26px; }
#driftloop figure { margin: 0; } #driftloop figcaption { font-size: 14px; }
#driftloop .panel { max-width: 520px; }
#driftloop pre { margin: 12px 0 0; padding: 14px 18px; overflow-x: auto; background: var(--ground); border-radius: 8px;
  font: 13.5px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
#driftloop .key { display: inline-block; width: 10px; height: 10px; border-radius: 50%; background: var(--tone); }
#driftloop ul.notes { margin: 6px 0 0; padding-left: 20px; color: var(--soft); font-size: 14px; }
"""
)
HEADS = (
    Head("Policy", "name", told=False),
    Head("Loss", "n"),
    Head("Retrains", "n"),
    Head("Probes", "n"),
    Head("Cost", "n"),
    Head("Regret", "n"),
    Head("95 % interval", "n"),
    Head("False alarms", "n"),
)
KEYS = (
    ("best", "recommended"),
    ("own", "the config's own"),
    ("never", "never"),
    ("oracle", "oracle"),
    ("other", "others"),
)


def render(study: Study) -> str:
    """The whole page; every text in it is escaped, and it loads nothing."""
    parts = [
        _header(study),
        _facts(study),
        section(
            "Cost by policy <small>percent above the oracle, with 95% intervals</small>", _legend() + regrets(study)
        ),
        section("All figures <small>loss and cost are means per batch</small>", _table(study)),
        section("Loss and retrains <small>the line is the Pareto front</small>", pareto(study)),
        section(
            "Over time <small>loss per batch; triangles are retrains, rings are probes</small>",
            _legend() + timeline(study),
        ),
        section(
            "How well each signal predicts the gain <small>compared with the true gap: the gain of a fresh model, "
            "in percent of its loss</small>",
            signals(study),
        ),
        _notes(study),
    ]
    top = f'<main id="driftloop">\n{"".join(parts)}</main>\n'
    return with_head(EMPTY, title=f"{study.model}: backtest", style=STYLE, top=top)


def _header(study: Study) -> str:
    found = study.recommendation
    said = verdict(found) if found else "Nothing is recommended: fewer than two policies were compared."
    mark = badge("quiet", "no choice")
    if found is not None:
        mark = badge("good", "keep the config") if found.own else badge("warn", "not confirmed")
        mark = badge("new", "recommended") if found.confirmed and not found.own else mark
    chosen = f'<p class="line soft">{text(recommended(study)[0])}</p>' if found else ""
    block = f"<pre>{text(as_yaml(found.triggers))}</pre>" if found and found.confirmed and not found.own else ""
    warned = "".join(f'<p class="reason">{badge("bad", "not worth it")} {text(one)}</p>' for one in worth(study))
    return (
        f'<header><p class="eyebrow">Backtest</p><div class="title"><h1>{text(study.model)}</h1>'
        f'<div class="badges">{mark}</div></div>{warned}<p class="reason">{text(said)}</p>{chosen}{block}</header>\n'
    )


def _facts(study: Study) -> str:
    span = f"{study.windows[0].start:%Y-%m-%d} {DASH} {study.windows[-1].end:%Y-%m-%d}"
    facts = [
        ("History", span),
        ("Batches", f"{len(study.windows)} of {length(study)}"),
        ("Decided on", f"the newest {study.played}"),
        ("Labels", f"{study.label_delay} batches late" if study.label_delay else "at the end of a batch"),
        ("A retrain costs", f"{number(study.retrain_cost)} ({study.cost:g} of a fresh model's {study.loss_name})"),
    ]
    return f'<dl class="facts">{pairs(facts)}</dl>\n'


def _legend() -> str:
    told = "".join(f'<li><span class="key {kind}"></span>{word}</li>' for kind, word in KEYS)
    return f'<ul class="legend">{told}</ul>'


def _table(study: Study) -> str:
    shown = (study.oracle, *study.standings, *compared(study))
    figures = aligned([one.loss for one in shown] + [one.cost for one in shown], DASH)
    losses, costs = figures[: len(shown)], figures[len(shown) :]
    rows = [_row(one, study, loss, cost) for one, loss, cost in zip(shown, losses, costs, strict=True)]
    return cards(HEADS, rows, "whole")


def _row(one: Standing, study: Study, loss: str, cost: str) -> Row:
    name = f'<span class="key {tone(one, study)}"></span> <strong>{text(one.name)}</strong>'
    name += f" {badge('quiet', 'front')}" if one.front else ""
    beside = one.kind != "oracle"
    return Row(
        (
            name,
            loss,
            str(one.retrains),
            str(one.probes),
            cost,
            f"{one.regret:.1f} %" if beside else "",
            f"{one.low:.1f} to {one.high:.1f}" if beside else "",
            str(one.false_alarms) if beside else "",
        )
    )


def _notes(study: Study) -> str:
    told = (
        *study.notes,
        "The oracle knows the whole history: its schedule is the cheapest possible; a policy reaches it only by luck.",
        "A false alarm is a retrain that gained less before the next retrain than it cost.",
        "A replayed challenger always takes over; in production the gate may reject it.",
    )
    return section("Notes", f'<ul class="notes">{"".join(f"<li>{text(one)}</li>" for one in told)}</ul>')
