"""Notes of a validation on notifications, metrics and snapshots."""

from __future__ import annotations

from pathlib import Path

import pytest

from driftloop.pipelines.config.project import Project
from driftloop.pipelines.operations.delivery_notes import notes
from tests import streams


def test_each_place_is_ok_or_has_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is there is ok; one that is not, and variables that are not set, are notes."""
    monkeypatch.setenv("SET", "x")

    def states(**more: object) -> list[tuple[str, str]]:
        project = Project.model_validate(streams.config(**more) | {"file": tmp_path / "m.yaml"})
        return [(key, state) for key, state, _ in notes(project)]

    assert states() == []
    assert states(report={"workspace": "board"}) == [("report.workspace", "ok")]
    assert states(report={"workspace": "${NOT_SET_HERE}"}) == [("report.workspace", "note")]
    (tmp_path / "prom").mkdir()
    assert states(prometheus={"textfile": "prom"}) == [("prometheus.textfile", "ok")]
    assert states(prometheus={"textfile": "gone"}) == [("prometheus.textfile", "note")]
    assert states(prometheus={"textfile": "${NOT_SET_HERE}"}) == [("prometheus.textfile", "note")]
    assert states(prometheus={"pushgateway": "http://${SET}"}) == []
    assert states(prometheus={"pushgateway": "http://${NOT_SET_HERE}"}) == [("prometheus.pushgateway", "note")]
    urls = ["json://${SET}", "json://${NOT_SET_HERE}"]
    assert states(notify={"urls": urls}) == [("notify.urls.1", "note"), ("notify", "ok")]
