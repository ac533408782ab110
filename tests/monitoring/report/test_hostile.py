"""Laws of the saved page in a real browser: nothing of the data runs in it, and it asks no one."""

from __future__ import annotations

import http.server
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from driftloop.monitoring.drift.settings import Drift
from driftloop.monitoring.records import ColumnReference, Finding, Vote
from driftloop.monitoring.report import write_report
from tests.browser import dump, needs_browser
from tests.drawn import check, column_of, rows, whole

ATTACKS = [
    "<script>document.title='pwned'</script>",
    "</script><script>document.title='pwned'</script>",
    "</script><img src=x onerror=document.title='pwned'>",
    "</script><img src=x onerror=\"document.title='pwned'\">",
    "<!--<script>",
    "\"};document.title='pwned';//",
    "';document.title='pwned';//",
    "${document.title='pwned'}`",
    "&lt;img src=x onerror=document.title='pwned'&gt;",
    "[x](javascript:document.title='pwned')",
]


def hostile(attacks: list[str]) -> tuple[pd.DataFrame, list[ColumnReference]]:
    """Make a frame whose column names and category values are attacks."""
    frame = rows(80, 1, 0, 0)
    values = pd.Series([attacks[i % len(attacks)] for i in range(80)], dtype=object)
    data = {f"{attack}": frame["n0"] for attack in attacks} | {f"values {attack}": values for attack in attacks[:2]}
    columns = [column_of(name, "categorical" if name.startswith("values") else "numeric") for name in data]
    return pd.DataFrame(data), columns


def raw_page(frame: pd.DataFrame, columns: list[ColumnReference], path: Path) -> None:
    """Save what plain Evidently makes of a frame against itself."""
    from evidently import DataDefinition, Dataset, Report
    from evidently.metrics import ValueDrift

    definition = DataDefinition(
        numerical_columns=[c.name for c in columns if c.kind == "numeric"],
        categorical_columns=[c.name for c in columns if c.kind == "categorical"],
    )
    data = Dataset.from_pandas(frame, data_definition=definition)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        metrics = [ValueDrift(column=c.name, method="psi", threshold=0.1) for c in columns]
        Report(metrics).run(data, data).save_html(str(path))


@needs_browser
@pytest.mark.parametrize("attack", ATTACKS[1:3])
def test_the_attack_is_real(attack: str, tmp_path: Path) -> None:
    """The control: what plain Evidently saves does run a column's name."""
    raw_page(*hostile([attack]), tmp_path / "raw.html")
    assert "<title>pwned</title>" in dump(tmp_path / "raw.html", tmp_path)


@needs_browser
def test_nothing_of_the_data_runs(tmp_path: Path) -> None:
    """No column name, category value or text of the verdict runs in the browser, and the page is drawn all the same."""
    frame, columns = hostile(ATTACKS)
    measured = whole(frame, frame, columns, Drift(report_columns=len(columns)))
    everywhere = "".join(ATTACKS)
    verdict = check(
        model=everywhere, reason=everywhere, check_id=everywhere, champion=everywhere, mlflow_run_id=everywhere,
        columns=measured.scores,
        votes=(Vote(policy=everywhere, vote="fire", reason=everywhere),),
        findings=(Finding(code=everywhere, severity="fatal", message=everywhere, column=everywhere),),
    )  # fmt: skip
    write_report(measured.page, verdict, tmp_path / "report.html")
    dom = dump(tmp_path / "report.html", tmp_path)
    assert "<title>pwned</title>" not in dom
    assert "steady</title>" in dom
    assert 'src="x"' not in dom
    assert 'href="javascript:' not in dom
    assert dom.count("js-plotly-plot") >= len(columns)
    assert dom.count("Drift in column '") >= len(columns)
    assert '<main id="driftloop">' in dom


@pytest.fixture
def canary() -> Iterator[tuple[str, list[str]]]:
    """Run a web server on this machine that notes who asks."""
    asked: list[str] = []

    class Note(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Note)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", asked
    server.shutdown()
    server.server_close()


@needs_browser
def test_the_page_asks_no_one(canary: tuple[str, list[str]], tmp_path: Path) -> None:
    """A saved report fetches nothing, whatever its labels say and even if markup got into it; plain Evidently does."""
    url, asked = canary
    attacks = [f"</script><img src={url}/img>", f"![x]({url}/markdown)", f"<link rel=stylesheet href={url}/css>"]
    raw_page(*hostile(attacks), tmp_path / "raw.html")
    dump(tmp_path / "raw.html", tmp_path)
    assert asked, "the control did not ask: this test proves nothing"
    asked.clear()
    write_report((tmp_path / "raw.html").read_text(), check(), tmp_path / "policed.html")
    dump(tmp_path / "policed.html", tmp_path)
    frame, columns = hostile(attacks)
    write_report(whole(frame, frame, columns).page, check(), tmp_path / "report.html")
    dom = dump(tmp_path / "report.html", tmp_path)
    assert "js-plotly-plot" in dom
    assert asked == []
