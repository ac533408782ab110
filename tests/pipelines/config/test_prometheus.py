"""Keys of `prometheus`: what is refused, and that no address is stored."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from driftloop.pipelines.config.project import Project
from tests import streams


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("gateway:9091", "the address of a push gateway"),
        ("ftp://gateway", "the address of a push gateway"),
        ("http://", "the address of a push gateway"),
        ("http://ann:hunter2@gateway:9091", "a password in plain text"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused(url: str, why: str) -> None:
    """The error names what is expected; no error repeats a password."""
    with pytest.raises(ValidationError) as caught:
        Project.model_validate(streams.config(prometheus={"pushgateway": url}))
    assert why in str(caught.value.errors(include_input=False))
    assert "hunter2" not in str(caught.value.errors(include_input=False))


@pytest.mark.parametrize(
    "url", ["http://gateway:9091", "https://${USER_NAME}:${PASSWORD}@gateway/prefix", "${GATEWAY}"]
)
def test_an_address_is_kept_out_of_what_is_stored(url: str) -> None:
    """It is used, and is neither in the config that Prefect and MLflow store nor in its text."""
    project = Project.model_validate(streams.config(prometheus={"pushgateway": url, "textfile": "prom"}))
    assert project.prometheus.pushgateway == url
    assert "prometheus" not in project.model_dump()
    assert url not in repr(project)
