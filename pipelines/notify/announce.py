"""Sending of events (by Prefect) and notifications (by apprise). The only module that uses apprise.

Nothing here raises: a failed event or notification does not change the recorded check.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import wraps
from typing import ParamSpec

from driftloop.monitoring.errors import SecretMissing
from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.records import Check, Retrain
from driftloop.monitoring.settings.secrets import expand
from driftloop.pipelines.notify import delivered, events, notices
from driftloop.pipelines.notify.delivered import NOTIFIED
from driftloop.pipelines.notify.events import Event
from driftloop.pipelines.notify.notices import Notice, Notify

FAR_ENOUGH = 50
log = logging.getLogger("driftloop.announce")
P = ParamSpec("P")


def _never_fails(action: Callable[P, None]) -> Callable[P, None]:
    @wraps(action)
    def attempt(*args: P.args, **named: P.kwargs) -> None:
        try:
            action(*args, **named)
        except Exception as error:
            # Without its text, which may contain a URL with its secret.
            log.warning("an event or notification was not sent: %s in %s", type(error).__name__, action.__name__)

    return attempt


@_never_fails
def check_ended(settings: Notify, check: Check, ledger: Ledger) -> None:
    """Emit the events of a recorded check, and send its notifications."""
    emit(events.of_check(check, settings.drift_share))
    notify(settings, notices.of_check(check, settings, _before(check, ledger)), ledger)


def _before(check: Check, ledger: Ledger) -> list[Check]:
    """Return the checks before this one, newest first; empty if they do not decide whether something is sent."""
    if check.outcome not in notices.SCARCE:
        return []
    checks = ledger.checks(check.model, most=FAR_ENOUGH)
    return [earlier for earlier in checks if earlier.check_id != check.check_id]


@_never_fails
def retrain_requested(check: Check, request_id: str) -> None:
    """Emit the event of a requested retrain, once the request is in the ledger."""
    emit([events.of_request(check, request_id)])


@_never_fails
def retrain_ended(
    settings: Notify, model: str, retrain: Retrain, ledger: Ledger, flow_run_id: str | None = None
) -> None:
    """Emit the event of a judged challenger, and send its notification."""
    emit(events.of_retrain(model, retrain, flow_run_id))
    notify(settings, notices.of_retrain(model, retrain), ledger)


@_never_fails
def emit(happened: Iterable[Event]) -> None:
    """Send events to Prefect. Delivery is at most once: events are lost while Prefect is down, so none is required."""
    from prefect.events import emit_event

    for event in happened:
        emit_event(event.name, resource=event.resource, related=list(event.related), payload=event.payload)


@_never_fails
def notify(settings: Notify, new: Iterable[Notice], ledger: Ledger) -> None:
    """Send each notification unless `on` excludes it or it was sent within `repeat_after`; record it in the ledger."""
    for notice in new:
        deliver(settings, notice, ledger)


def deliver(settings: Notify, notice: Notice, ledger: Ledger, remembered: Iterable[tuple[datetime, str]] = ()) -> bool:
    """Send a notification unless `on` excludes it or it was sent within `repeat_after`.

    Earlier notifications are read from the ledger and from `remembered`, newest first. Returns True if something was
    sent that the ledger could not record. Raises LedgerError before anything is sent.
    """
    now = datetime.now(UTC)
    if not settings.urls or notice.kind not in settings.on:
        return False
    recorded = ((event.now, event.payload["key"]) for event in ledger.events(notice.model, most=200, kinds=(NOTIFIED,)))
    earlier = sorted([*recorded, *remembered], reverse=True)
    if not notices.should_send(notice, earlier, now, settings.repeat_after):
        return False
    attempts = send(settings, notice)
    sent = any(why is None for _, why in attempts)
    payload = delivered.payload(notice.title, notice.key, attempts)
    try:
        # The next check tries again to send what no URL took.
        ledger.note(notice.model, NOTIFIED if sent else delivered.UNDELIVERED, payload, now)
    except Exception as error:
        if not sent:
            return False
        log.warning(
            "notification %r was sent, but could not be recorded in the ledger and may be sent again: %s",
            notice.title,
            type(error).__name__,
        )
        return True
    return False


def send(settings: Notify, notice: Notice) -> list[tuple[str, str | None]]:
    """Send a notification to every URL, regardless of what was sent before; return what `deliveries` yields.

    A failed URL is logged by its position and scheme only: the rest is secret.
    """
    attempts = list(deliveries(settings, notice))
    for place, why in attempts:
        if why is not None:
            log.warning("notification %r was not sent to %s: %s", notice.title, place, why)
    return attempts


def send_test(settings: Notify, model: str, ledger: Ledger) -> list[tuple[str, str | None]]:
    """Send a test notification to every URL, record it, and return what `deliveries` yields."""
    notice = notices.of_test(model)
    attempts = list(deliveries(settings, notice))
    ledger.note(model, delivered.TESTED, delivered.payload(notice.title, notice.key, attempts), datetime.now(UTC))
    return attempts


def places(settings: Notify) -> list[str]:
    """Return how each URL is shown: by its position and scheme, for the rest is secret."""
    return [
        f"notify.urls[{at}] ({url.split('://', maxsplit=1)[0] if '://' in url else 'no scheme'})"
        for at, url in enumerate(settings.urls)
    ]


def deliveries(settings: Notify, notice: Notice) -> Iterator[tuple[str, str | None]]:
    """Send a notification to each URL in turn; yield the URL's position, and why delivery failed or None."""
    import apprise

    # It would log parts of the URLs; failures are logged here instead.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    kinds = {"promoted": apprise.NotifyType.SUCCESS, "rejected": apprise.NotifyType.INFO}
    kinds["shadow"] = apprise.NotifyType.INFO
    if notice.ends:
        kinds[notice.kind] = apprise.NotifyType.SUCCESS
    for place, url in zip(places(settings), settings.urls, strict=True):
        why = None
        try:
            whole = expand(url, place)
            service = apprise.Apprise()
            if not service.add(whole):
                why = "apprise cannot use this URL"
            elif not service.notify(
                title=notice.title,
                body=notice.body,
                notify_type=kinds.get(notice.kind, apprise.NotifyType.WARNING),
                body_format=apprise.NotifyFormat.TEXT,
            ):
                why = "delivery failed"
        except SecretMissing as error:
            why = error.found
        except Exception as error:
            why = type(error).__name__
        yield place, why
