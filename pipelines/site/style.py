"""What the site adds to the look of the report: charts, sparklines, and tables that become cards on a phone."""

from driftloop.monitoring.presentation.style import STYLE

SITE_STYLE = (
    STYLE
    + """
body { margin: 0; background: #eef0f3; }
@media (prefers-color-scheme: dark) { body { background: #0d1117; } }
#driftloop { --drift: #0b62a4; --loss: #b4510b; --ref: #5b6675; --roll: #7a3f8f; }
@media (prefers-color-scheme: dark) {
  #driftloop { --drift: #6cb4f0; --loss: #f0a35e; --ref: #9aa5b4; --roll: #cf9be0; }
}
#driftloop a { color: inherit; text-decoration-color: var(--soft); text-underline-offset: 3px; }
#driftloop a:hover { text-decoration-color: currentColor; }
#driftloop nav { margin: 0 0 6px; font-size: 13px; color: var(--soft); }
#driftloop .bad-note { color: var(--bad); }
#driftloop .chart { display: block; width: 100%; height: auto; margin-top: 4px; }
#driftloop .chart.narrow { display: none; }
#driftloop .chart text { font-size: 12px; fill: var(--soft); font-variant-numeric: tabular-nums; }
#driftloop .chart .end { text-anchor: end; }
#driftloop .chart .mid { text-anchor: middle; }
#driftloop .chart .strong { font-weight: 600; fill: var(--ink); }
#driftloop .chart .grid { stroke: var(--line); stroke-width: 1; }
#driftloop .chart .axis { stroke: var(--soft); stroke-width: 1; }
#driftloop .chart .reign0 { fill: var(--ground); stroke: var(--line); }
#driftloop .chart .reign1 { fill: var(--line); stroke: var(--line); }
#driftloop .chart rect.good { fill: var(--good); opacity: .55; }
#driftloop .chart rect.warn { fill: var(--warn); }
#driftloop .chart rect.bad { fill: var(--bad); }
#driftloop .chart rect.new { fill: var(--new); }
#driftloop .chart rect.quiet { fill: var(--soft); opacity: .45; }
#driftloop path.drift, #driftloop path.loss, #driftloop path.reference, #driftloop path.limit { fill: none;
  stroke-width: 1.8; stroke-linejoin: round; stroke-linecap: round; }
#driftloop path.drift { stroke: var(--drift); }
#driftloop path.loss { stroke: var(--loss); }
#driftloop path.reference { stroke: var(--ref); stroke-width: 1.5; stroke-dasharray: 5 4; stroke-linecap: butt; }
#driftloop path.limit { stroke: var(--drift); stroke-width: 1.3; stroke-dasharray: 2 3; stroke-linecap: butt; }
#driftloop path.estimate { fill: none; stroke: var(--loss); stroke-width: 1.8; stroke-dasharray: 1.5 4;
  stroke-linecap: round; }
#driftloop path.drift.area { fill: var(--drift); stroke: none; opacity: .1; }
#driftloop path.loss.whisker { stroke-width: 1.2; opacity: .5; }
#driftloop path.loss.band { fill: var(--loss); stroke: none; opacity: .16; }
#driftloop circle.drift { fill: var(--drift); }
#driftloop circle.loss { fill: var(--loss); }
#driftloop .chart text.label { font-weight: 600; }
#driftloop .chart text.label.drift, #driftloop .chart text.label.limit { fill: var(--drift); }
#driftloop .chart text.label.limit { font-weight: 400; }
#driftloop .chart text.label.loss { fill: var(--loss); }
#driftloop .chart text.label.estimate { fill: var(--loss); font-weight: 400; }
#driftloop .chart text.label.reference { fill: var(--ref); font-weight: 400; }
#driftloop .mark { stroke: none; }
#driftloop .mark.promoted { fill: var(--new); }
#driftloop .mark.rejected { fill: none; stroke: var(--warn); stroke-width: 2; stroke-linecap: round; }
#driftloop .mark.failed { fill: var(--bad); }
#driftloop .mark.rolled_back { fill: var(--roll); }
#driftloop .mark.waiting { fill: none; stroke: var(--new); stroke-width: 1.6; }
#driftloop .mark.healed { fill: none; stroke: var(--roll); stroke-width: 2.4; stroke-linecap: round; }
#driftloop .mark.moved { fill: none; stroke: var(--roll); stroke-width: 1.8; }
#driftloop .chart .hit { fill: transparent; }
#driftloop .chart .hit:hover { fill: var(--ink); fill-opacity: .07; }
#driftloop .legend { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 0; padding: 0; list-style: none;
  color: var(--soft); font-size: 12.5px; }
#driftloop .legend li { display: flex; align-items: center; gap: 5px; }
#driftloop .head { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between;
  gap: 4px 24px; margin: 30px 0 8px; }
#driftloop .head h2 { margin: 0; }
#driftloop .spark { display: inline-block; vertical-align: middle; overflow: visible; }
#driftloop .spark path { stroke-width: 1.5; }
#driftloop .spark path.reference { stroke-width: 1; stroke-dasharray: 3 3; opacity: .8; }
#driftloop .pair { display: inline-flex; align-items: center; gap: 10px; }
#driftloop .pair b { min-width: 40px; font-weight: 500; text-align: right; white-space: nowrap;
  font-variant-numeric: tabular-nums; }
#driftloop .scroll.whole { max-height: none; }
#driftloop .scroll.tall { max-height: 620px; }
#driftloop td.w { white-space: nowrap; font-variant-numeric: tabular-nums; }
#driftloop td.why { min-width: 300px; max-width: none; color: var(--soft); font-size: 13.5px; overflow-wrap: anywhere; }
#driftloop td.name { width: 45%; min-width: 250px; max-width: none; overflow-wrap: anywhere; }
#driftloop td.name p { display: -webkit-box; margin: 2px 0 0; font-size: 13px; line-height: 1.4; overflow: hidden;
  -webkit-box-orient: vertical; -webkit-line-clamp: 2; }
#driftloop .index { margin-top: 22px; }
#driftloop .index th, #driftloop .index td { padding-left: 10px; padding-right: 10px; }
#driftloop .ended { display: inline-flex; gap: 5px; align-items: center; }
#driftloop td.why em { display: block; font-style: normal; }
#driftloop td.why span { display: block; color: var(--ink); }
#driftloop tr:target td { background: var(--new-bg); }
#driftloop .empty { margin: 22px 0 6px; padding: 26px; text-align: center; color: var(--soft);
  background: var(--ground); border-radius: 8px; }
#driftloop .foot { margin: 26px 0 0; color: var(--soft); font-size: 12.5px; }
@media (max-width: 760px) {
  #driftloop .chart.wide { display: none; }
  #driftloop .chart.narrow { display: block; max-width: 520px; }
  #driftloop .cards thead { display: none; }
  #driftloop .cards, #driftloop .cards tbody { display: block; }
  #driftloop .cards tr { display: flex; flex-wrap: wrap; gap: 3px 16px; padding: 12px 14px;
    border-top: 1px solid var(--line); }
  #driftloop .cards tr:first-child { border-top: 0; }
  #driftloop .cards td, #driftloop .cards td.n, #driftloop .cards td.why, #driftloop .cards td.name { display: flex;
    gap: 6px; align-items: center; padding: 0; border: 0; min-width: 0; max-width: 100%; white-space: normal;
    text-align: left; }
  #driftloop .cards td:empty { display: none; }
  #driftloop .cards td[data-h]::before { content: attr(data-h); color: var(--soft); font-size: 12.5px; }
  #driftloop .cards td.name, #driftloop .cards td.why { display: block; flex-basis: 100%; }
  #driftloop .pair b { min-width: 0; }
}
"""
)
