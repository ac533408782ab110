"""What `pipelines/notify/addresses.py` asks apprise about URL schemes, and where an upgrade shows."""

from __future__ import annotations

from apprise import Apprise, NotificationManager


def test_schemes_are_listed_with_their_state() -> None:
    """A scheme is known by name, and known to be usable here or not."""
    known = NotificationManager()
    assert {"json", "slack", "mailto"} <= set(known.schemas()), "apprise: NotificationManager.schemas changed"
    assert known["json"].enabled is True, "apprise: a service no longer says whether it is enabled"


def test_an_incomplete_url_is_refused() -> None:
    """`add` returns False for a URL that lacks a part."""
    assert Apprise().add("json://localhost") is True
    assert Apprise().add("slack://") is False, "apprise: add accepts an incomplete URL"
