"""A notification URL that can never be used is found when the config is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from driftloop.monitoring.errors import ConfigError, ValidationProblem
from driftloop.pipelines.config.project import load
from driftloop.pipelines.notify.addresses import usable
from tests import streams


@pytest.mark.parametrize(
    "url",
    [
        "json://127.0.0.1:8080/hook",
        "jsons://host/${HOOK}",
        "slack://${SLACK_TOKEN}",
        "mailto://robot:${MAIL_PASSWORD}@example.org",
        "SLACK://${SLACK_TOKEN}",
        "${HOOK}",
        "${SCHEME}://host",
    ],
)
def test_what_apprise_knows_passes(url: str) -> None:
    """Unchanged; a part in a variable is not there yet and is not judged."""
    assert usable(url) == url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("slak://${SLACK_TOKEN}", "Did you mean 'slack'"),
        ("nosuchservice://host", "the scheme 'nosuchservice'"),
        ("//host/path", "without a scheme"),
        ("ops@example.org", "without a scheme"),
        ("https://example.org/hook/abc", "jsons://"),
        ("slack://abc", "a slack:// URL that apprise cannot use"),
    ],
)
def test_what_apprise_can_never_send_to_is_refused(url: str, expected: str) -> None:
    """With what to write instead, and without the URL, which may be a secret."""
    with pytest.raises(ValidationProblem) as refused:
        usable(url)
    assert expected in f"{refused.value} {refused.value.remedy}"
    assert "abc" not in f"{refused.value} {refused.value.remedy}"


def test_the_error_names_file_and_key(tmp_path: Path) -> None:
    """A typing error in one of several URLs is found by its place."""
    streams.write(tmp_path, None, notify={"urls": ["json://host", "slak://${TOKEN}"]})
    with pytest.raises(ConfigError) as refused:
        load(tmp_path / "model.yaml")
    assert "model.yaml: notify.urls" in str(refused.value)
    assert "'slak'" in str(refused.value)
