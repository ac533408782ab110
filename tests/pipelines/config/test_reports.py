"""Places of Evidently's workspace in the config."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from driftloop.pipelines.config.reports import Reports


def test_a_folder_starts_at_the_yaml_and_an_address_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLACE", "https://evidently.example.org")
    assert Reports().place(Path("/models")) is None
    assert Reports(workspace="../board").place(Path("/models/a")) == Path("/models/board")
    assert Reports(workspace="${PLACE}").place(Path("/models")) == "https://evidently.example.org"
    assert Reports(workspace="${NOWHERE_SET:-board}").place(Path("/models")) == Path("/models/board")


@pytest.mark.parametrize("text", ["s3://bucket/board", "http://", "https://ann:hunter2@host"])
def test_other_places_are_refused(text: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Reports(workspace=text)
    assert "hunter2" not in str(refused.value.errors(include_input=False))
