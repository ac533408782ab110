"""The verdict of a check as markdown, for the pages of Prefect and MLflow."""

from __future__ import annotations

import re
from pathlib import Path

from driftloop.monitoring.records import Check


def verdict_markdown(check: Check) -> str:
    """Return the verdict: outcome, reason, votes, findings, link to the report."""
    lines = [f"# {check.model}: {check.outcome.value}", "", cell(check.reason), ""]
    lines += [
        f"- window {check.window.start:%Y-%m-%d %H:%M} to {check.window.end:%Y-%m-%d %H:%M}, {check.window.rows:,} rows"
    ]
    lines += [f"- champion: version {check.champion}" if check.champion else "- no champion"]
    for name, run, page in (
        ("MLflow run", check.mlflow_run_id, check.mlflow_url),
        ("Prefect flow run", check.prefect_flow_run_id, check.prefect_url),
    ):
        lines += [f"- {name}: [{run}]({page})" if page else f"- {name}: `{run}`"] if run else []
    lines += [f"- {name}: {cell(text)}" for name, text in check.causes.lines] if check.causes else []
    lines += [_report(check)] if check.report else []
    if check.votes:
        lines += ["", "| policy | vote | observed | threshold | why |", "|---|---|---|---|---|"]
        lines += [
            f"| {v.policy} | {v.vote} | {_number(v.observed)} | {_number(v.threshold)} | {cell(v.reason)} |"
            for v in check.votes
        ]
    if check.findings:
        lines += ["", "| finding | severity | column | message |", "|---|---|---|---|"]
        lines += [f"| {f.code} | {f.severity} | {cell(f.column or '')} | {cell(f.message)} |" for f in check.findings]
    return "\n".join(lines)


def _report(check: Check) -> str:
    """Return the place of the report: a link, unless a browser shows the verdict over HTTP and opens no local file."""
    over_http = check.mlflow_url or check.prefect_url
    return f"- report: `{check.report}`" if over_http else f"- [report]({Path(str(check.report)).as_uri()})"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def cell(text: str) -> str:
    r"""Escape text from the data, so that it cannot end a table cell or create a link, image or tag.

    >>> print(cell("a|b <img>\n[x](y)"))
    a\|b &lt;img&gt; \[x\](y)
    """
    plain = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\|`\[\]])", r"\\\1", plain)
