"""Metrics without a service: a text file that node_exporter reads, and a group of a push gateway."""

from __future__ import annotations

import base64
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.records import ColumnScore
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.telemetry import publishing
from driftloop.pipelines.telemetry.metrics import GAUGES
from tests import streams
from tests.outcomes import made
from tests.servers.recording import recording
from tests.signals import performance
from tests.streams import day

FARE = ColumnScore(
    name='fare "net"', role="feature", kind="numeric", method="ks", score=0.3, threshold=0.1, drifted=True
)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(f"sqlite:///{tmp_path}/ledger.db")) as opened:
        judged = made(check_id="1", model="m", drift_share=0.4, columns=(FARE,), performance=performance(12.0))
        opened.record(judged)
        opened.record(made(check_id="2", model="m", outcome="bad_data", decision=None, reason="no price", now=day(9)))
        yield opened


def project(folder: Path, model: str = "m", **prometheus: str) -> Project:
    return Project.model_validate(streams.config(model=model, prometheus=prometheus) | {"file": folder / "m.yaml"})


def test_each_model_has_a_file_of_its_own(ledger: Ledger, tmp_path: Path) -> None:
    """`promtool` takes both files as one; live values are not in them; a reader finds no other file."""
    (tmp_path / "prom").mkdir()
    ledger.record(made(check_id="3", model="other", outcome="no_data", decision=None, now=day(8)))
    for model in ("m", "other"):
        assert publishing.publish(project(tmp_path, model, textfile="prom"), ledger, 1.5) == []
    files = sorted((tmp_path / "prom").iterdir())
    assert [file.name for file in files] == ["driftloop_m.prom", "driftloop_other.prom"]
    assert files[0].stat().st_mode & 0o044 == 0o044
    text = files[0].read_text("utf-8")
    lines = {
        (line.name, *sorted(line.labels.values())): line.value
        for family in text_string_to_metric_families(text)
        for line in family.samples
    }
    assert lines["driftloop_column_drift", 'fare "net"', "m"] == 0.3
    assert lines["driftloop_loss", "m"] == 12.0
    assert lines["driftloop_not_well", "m"] == 1
    assert lines["driftloop_check_seconds", "m"] == 1.5
    assert lines["driftloop_checks_total", "bad_data", "m"] == 1
    live = {f"driftloop_{gauge.name}" for gauge in GAUGES if gauge.live} | {"driftloop_checks_left_out_total"}
    assert not live & {name for name, *_ in lines}
    if shutil.which("promtool"):
        command = ["promtool", "check", "metrics"]
        checked = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stderr


def test_a_folder_that_cannot_be_written_is_a_problem_and_no_error(ledger: Ledger, tmp_path: Path) -> None:
    """The message names the folder, what is wrong with it and what to do."""
    (problem,) = publishing.publish(project(tmp_path, textfile="nowhere"), ledger)
    assert f"the folder {tmp_path / 'nowhere'} does not exist" in problem
    (tmp_path / "file").write_text("")
    assert "is a file" in str(publishing.unusable(project(tmp_path, textfile="file")))
    (problem,) = publishing.publish(project(tmp_path, textfile="${NO_SUCH_FOLDER}"), ledger)
    assert "NO_SUCH_FOLDER" in problem


def test_a_gateway_has_one_group_per_model(ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Password and user come from the environment, are sent as basic authentication and are in no message."""
    monkeypatch.setenv("GATEWAY_PASSWORD", "s3cret%2Fx")
    with recording() as gateway:
        address = gateway.url.replace("//", "//ann:${GATEWAY_PASSWORD}@")
        assert publishing.publish(project(tmp_path, pushgateway=address), ledger) == []
        (sent,) = gateway.sent
    assert (sent.method, sent.path) == ("PUT", "/metrics/job/driftloop/model/m")
    assert base64.b64decode(sent.headers["authorization"].removeprefix("Basic ")) == b"ann:s3cret/x"
    assert b'driftloop_loss{model="m"} 12.0' in sent.body
    (problem,) = publishing.publish(project(tmp_path, pushgateway=address), ledger)
    assert problem.startswith("prometheus.pushgateway: ")
    assert "s3cret" not in problem


def test_a_gateway_that_does_not_answer_is_given_up(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check goes on after the limit; the file is written all the same."""
    monkeypatch.setattr(publishing, "GATEWAY_SECONDS", 0.2)
    with recording(answers=False) as gateway:
        given = project(tmp_path, pushgateway=gateway.url, textfile=".")
        (problem,) = publishing.publish(given, ledger)
    assert problem.startswith("prometheus.pushgateway: the metrics were not written")
    assert (tmp_path / "driftloop_m.prom").is_file()
    assert len(gateway.sent) == 1
