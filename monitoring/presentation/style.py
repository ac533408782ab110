"""How the verdict looks, light and dark, on a phone and on a laptop. Every rule stays inside `#driftloop`."""

STYLE = """
#driftloop {
  --ink: #1c2430; --soft: #5b6675; --line: #e3e7ec; --card: #ffffff; --ground: #f6f7f9;
  --good: #17663a; --good-bg: #e2f3e8; --warn: #8a4b00; --warn-bg: #fdeed6; --bad: #a11b1b; --bad-bg: #fbe3e3;
  --new: #1d4f91; --new-bg: #e2ecf9; --quiet: #4a5563; --quiet-bg: #eceff3;
  color-scheme: light dark; color: var(--ink); background: var(--card); box-sizing: border-box;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  max-width: 1232px; margin: 24px auto 8px; padding: 28px 32px 20px; border: 1px solid var(--line); border-radius: 10px;
}
@media (prefers-color-scheme: dark) {
  #driftloop {
    --ink: #e6eaf0; --soft: #9aa5b4; --line: #2d3540; --card: #161b22; --ground: #1d232c;
    --good: #7fd8a2; --good-bg: #163524; --warn: #f3bd6c; --warn-bg: #3d2c10; --bad: #f49a9a; --bad-bg: #44191b;
    --new: #93bdf5; --new-bg: #182f4e; --quiet: #aeb8c5; --quiet-bg: #262e38;
  }
}
#driftloop *, #driftloop *::before { box-sizing: border-box; }
#driftloop .eyebrow { margin: 0; color: var(--soft); font-size: 13px; }
#driftloop .title { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 14px; }
#driftloop h1 { margin: 0; font-size: 27px; line-height: 1.25; font-weight: 650; overflow-wrap: anywhere; }
#driftloop .badges { display: flex; flex-wrap: wrap; gap: 6px; }
#driftloop .title .badge { font-size: 14px; padding: 3px 12px; }
#driftloop .reason { margin: 10px 0 0; font-size: 17px; max-width: 75ch; overflow-wrap: anywhere; }
#driftloop h2 { margin: 30px 0 8px; font-size: 16px; line-height: 1.3; font-weight: 650; }
#driftloop h2 small { margin-left: 6px; color: var(--soft); font-size: 13px; font-weight: 400; }
#driftloop h2.follows { padding-top: 18px; border-top: 1px solid var(--line); margin-bottom: 0; }
#driftloop .facts { display: flex; flex-wrap: wrap; gap: 14px 44px; margin: 22px 0 0; padding: 16px 18px;
  background: var(--ground); border-radius: 8px; }
#driftloop dt { color: var(--soft); font-size: 12.5px; }
#driftloop dd { margin: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
#driftloop .facts dd { font-weight: 550; }
#driftloop .line { margin: 0 0 4px; max-width: 95ch; overflow-wrap: anywhere; }
#driftloop .soft { color: var(--soft); }
#driftloop .badge { display: inline-block; padding: 1px 9px; border-radius: 99px; font-size: 12.5px; font-weight: 600;
  white-space: nowrap; color: var(--quiet); background: var(--quiet-bg); }
#driftloop .badge.good { color: var(--good); background: var(--good-bg); }
#driftloop .badge.warn { color: var(--warn); background: var(--warn-bg); }
#driftloop .badge.bad { color: var(--bad); background: var(--bad-bg); }
#driftloop .badge.new { color: var(--new); background: var(--new-bg); }
#driftloop .scroll { overflow: auto; max-height: 462px; border: 1px solid var(--line); border-radius: 8px; }
#driftloop table { width: 100%; border-collapse: collapse; font-size: 14px; }
#driftloop th { position: sticky; top: 0; padding: 8px 14px; background: var(--ground); color: var(--soft);
  font-size: 12.5px; font-weight: 550; text-align: left; white-space: nowrap; }
#driftloop td { padding: 7px 14px; border-top: 1px solid var(--line); vertical-align: top; overflow-wrap: break-word;
  max-width: 420px; }
#driftloop td.s { min-width: 250px; max-width: none; }
#driftloop td strong { font-weight: 550; }
#driftloop td i { color: var(--soft); font-size: 12.5px; }
#driftloop th.n, #driftloop td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
#driftloop code { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
#driftloop .ids { display: flex; flex-wrap: wrap; gap: 4px 28px; margin: 26px 0 0; color: var(--soft);
  font-size: 12.5px; }
#driftloop .ids div { display: flex; flex-wrap: wrap; gap: 0 8px; }
#driftloop .ids dd { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
@media (max-width: 640px) {
  #driftloop { margin: 8px 8px 4px; padding: 18px 16px 14px; }
  #driftloop h1 { font-size: 22px; }
  #driftloop .reason { font-size: 16px; }
  #driftloop .facts { padding: 14px; gap: 12px 28px; }
  #driftloop th, #driftloop td { padding: 7px 10px; }
}
@media print { #driftloop .scroll { max-height: none; overflow: visible; } }
"""
