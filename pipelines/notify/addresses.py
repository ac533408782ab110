"""Which notification URLs can be used at all: asked when a config is loaded, so that a typing error is found there."""

from __future__ import annotations

import logging
from functools import cache
from typing import Any

from driftloop.monitoring.errors import ValidationProblem, suggestion
from driftloop.monitoring.settings.secrets import VARIABLE

EXPECTED = "a URL of a service that apprise knows, such as mailto://, slack://, msteams:// or json://"


def usable(url: str) -> str:
    """Return a notification URL as it is; one that apprise can never use raises `ValidationProblem`.

    A part that is `${NAME}` is filled when something is sent, so of such a URL only the scheme is judged, and nothing
    where the scheme is in the variable. No error repeats more of a URL than its scheme.
    """
    scheme, mark, _ = url.partition("://")
    if VARIABLE.search(scheme):
        return url
    if not mark:
        raise ValidationProblem(
            EXPECTED, found="an address without a scheme", remedy="begin it with the service, as in slack://"
        )
    if scheme.lower() not in _schemes():
        raise ValidationProblem(
            EXPECTED,
            found=f"the scheme {scheme!r}",
            remedy="correct the scheme; https://github.com/caronc/apprise lists all of them."
            + suggestion(scheme.lower(), _schemes()),
        )
    if VARIABLE.search(url) is None and _enabled(scheme.lower()) and not _accepted(url):
        remedy = f"give all parts that {scheme}:// needs; https://github.com/caronc/apprise lists them"
        if scheme.lower() in {"http", "https"}:
            remedy = f"write json{'s' if scheme.lower() == 'https' else ''}:// for a webhook that takes JSON"
        raise ValidationProblem(EXPECTED, found=f"a {scheme}:// URL that apprise cannot use", remedy=remedy)
    return url


def _known() -> Any:
    """All services of apprise, by scheme; it has no types."""
    from apprise import NotificationManager

    made: Any = NotificationManager
    return made()


@cache
def _schemes() -> frozenset[str]:
    return frozenset({*_known().schemas(), "http", "https"})


def _enabled(scheme: str) -> bool:
    """Whether apprise can use a service here: some need a package or a desktop that another machine may have."""
    return scheme in {"http", "https"} or bool(_known()[scheme].enabled)


@cache
def _accepted(url: str) -> bool:
    import apprise

    # It would log parts of the URL.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    return bool(apprise.Apprise().add(url))
