"""Validation of notification URLs, when a config is loaded, so that a typing error is found there."""

from __future__ import annotations

import logging
from functools import cache
from typing import Any

from driftloop.monitoring.errors import ValidationProblem, suggestion
from driftloop.monitoring.settings.secrets import VARIABLE

EXPECTED = "a URL of a service that apprise knows, such as mailto://, slack://, msteams:// or json://"


def usable(url: str) -> str:
    """Return a notification URL unchanged; raise `ValidationProblem` if apprise can never use it.

    `${NAME}` is replaced when something is sent, so of such a URL only the scheme is checked, and nothing if the
    variable contains the scheme. No error repeats more of a URL than its scheme.
    """
    scheme, mark, _ = url.partition("://")
    if VARIABLE.search(scheme):
        return url
    if not mark:
        raise ValidationProblem(
            EXPECTED, found="a URL without a scheme", remedy="start it with the service, for example slack://"
        )
    if scheme.lower() not in _schemes():
        raise ValidationProblem(
            EXPECTED,
            found=f"the scheme {scheme!r}",
            remedy="correct the scheme; https://github.com/caronc/apprise lists all of them."
            + suggestion(scheme.lower(), _schemes()),
        )
    if VARIABLE.search(url) is None and _enabled(scheme.lower()) and not _accepted(url):
        remedy = f"write all parts that {scheme}:// needs; https://github.com/caronc/apprise lists them"
        if scheme.lower() in {"http", "https"}:
            remedy = f"write json{'s' if scheme.lower() == 'https' else ''}:// for a webhook that accepts JSON"
        raise ValidationProblem(EXPECTED, found=f"a {scheme}:// URL that apprise cannot use", remedy=remedy)
    return url


def _services() -> Any:
    """Return all services of apprise, by scheme; apprise has no type annotations."""
    from apprise import NotificationManager

    manager: Any = NotificationManager
    return manager()


@cache
def _schemes() -> frozenset[str]:
    return frozenset({*_services().schemas(), "http", "https"})


def _enabled(scheme: str) -> bool:
    """Return whether apprise can use a service here: some need a package or a desktop that another machine may have."""
    return scheme in {"http", "https"} or bool(_services()[scheme].enabled)


@cache
def _accepted(url: str) -> bool:
    import apprise

    # It would log parts of the URL.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    return bool(apprise.Apprise().add(url))
