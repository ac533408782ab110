"""Tell the world how a check or a retrain ended: events by Prefect, news by apprise. The only user of apprise.

Nothing here raises: whatever goes wrong with an event or a notification, the check stands as it was recorded.
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
from driftloop.pipelines.notify import events, notices
from driftloop.pipelines.notify.events import Event
from driftloop.pipelines.notify.notices import Notice, Notify

NOTIFIED = "notified"
FAR_ENOUGH = 50
log = logging.getLogger("driftloop.announce")
P = ParamSpec("P")


def _never_fails(tell: Callable[P, None]) -> Callable[P, None]:
    @wraps(tell)
    def tried(*args: P.args, **named: P.kwargs) -> None:
        try:
            tell(*args, **named)
        except Exception as error:
            # Without its text, in which a URL may stand with its secret.
            log.warning("this could not be told: %s in %s", type(error).__name__, tell.__name__)

    return tried


@_never_fails
def check_ended(settings: Notify, check: Check, ledger: Ledger) -> None:
    """Emit the events of a recorded check, and notify of its news."""
    emit(events.of_check(check, settings.drift_share))
    notify(settings, notices.of_check(check, settings, _before(check, ledger)), ledger)


def _before(check: Check, ledger: Ledger) -> list[Check]:
    """The checks before this one, newest first; read only where they decide whether something is sent."""
    if check.outcome not in notices.SCARCE:
        return []
    return [one for one in ledger.checks(check.model, most=FAR_ENOUGH) if one.check_id != check.check_id]


@_never_fails
def retrain_requested(check: Check, request_id: str) -> None:
    """Emit that a check has asked for a retrain, once the request is in the ledger."""
    emit([events.of_request(check, request_id)])


@_never_fails
def retrain_ended(
    settings: Notify, model: str, retrain: Retrain, ledger: Ledger, flow_run_id: str | None = None
) -> None:
    """Emit the event of a challenger that was judged, and notify of it."""
    emit(events.of_retrain(model, retrain, flow_run_id))
    notify(settings, notices.of_retrain(model, retrain), ledger)


@_never_fails
def emit(happened: Iterable[Event]) -> None:
    """Send events to Prefect. At most once: a server that is away loses them, so nothing of ours depends on one."""
    from prefect.events import emit_event

    for event in happened:
        emit_event(event.name, resource=event.resource, related=list(event.related), payload=event.payload)


@_never_fails
def notify(wanted: Notify, news: Iterable[Notice], ledger: Ledger) -> None:
    """Send what is wanted and was not told within `repeat_after`; the ledger remembers what was sent."""
    for notice in news:
        deliver(wanted, notice, ledger)


def deliver(wanted: Notify, notice: Notice, ledger: Ledger, remembered: Iterable[tuple[datetime, str]] = ()) -> bool:
    """Send a notice unless `on` excludes it or it was sent within `repeat_after`.

    The ledger knows what was sent, and so does `remembered`, newest first. Returns True if something was sent that the
    ledger could not record. Raises LedgerError before anything is sent.
    """
    now = datetime.now(UTC)
    if not wanted.urls or notice.kind not in wanted.on:
        return False
    recorded = ((event.now, event.payload["key"]) for event in ledger.events(notice.model, most=200, kinds=(NOTIFIED,)))
    earlier = sorted([*recorded, *remembered], reverse=True)
    sent = send(wanted, notice) if notices.is_news(notice, earlier, now, wanted.repeat_after) else 0
    if sent:
        # A notice that nobody received is not recorded, so the next occasion tries again.
        payload = {"reason": notice.title, "key": notice.key, "sent": sent, "of": len(wanted.urls)}
        try:
            ledger.note(notice.model, NOTIFIED, payload, now)
        except Exception as error:
            log.warning("%s: sent, but the ledger cannot record it: %s", notice.title, type(error).__name__)
            return True
    return False


def send(wanted: Notify, notice: Notice) -> int:
    """Send a notice to every URL, whatever was sent before; return how many took it.

    A URL that did not is named by its place and scheme: the rest of it is secret.
    """
    failed = [(place, why) for place, why in deliveries(wanted, notice) if why is not None]
    for place, why in failed:
        log.warning("%s: %s: %s", place, why, notice.title)
    return len(wanted.urls) - len(failed)


def deliveries(wanted: Notify, notice: Notice) -> Iterator[tuple[str, str | None]]:
    """Send a notice to one URL after the other; give each one's place, and why it was not delivered if it was not."""
    import apprise

    # It would log parts of the URLs, and what went wrong is told here.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    kinds = {"promoted": apprise.NotifyType.SUCCESS, "rejected": apprise.NotifyType.INFO}
    if notice.ends:
        kinds[notice.kind] = apprise.NotifyType.SUCCESS
    for at, url in enumerate(wanted.urls):
        place = f"notify.urls[{at}] ({url.split('://', maxsplit=1)[0] if '://' in url else 'no scheme'})"
        why = None
        try:
            whole = expand(url, place)
            one = apprise.Apprise()
            if not one.add(whole):
                why = "apprise knows no such URL"
            elif not one.notify(
                title=notice.title,
                body=notice.body,
                notify_type=kinds.get(notice.kind, apprise.NotifyType.WARNING),
                body_format=apprise.NotifyFormat.TEXT,
            ):
                why = "it was not delivered"
        except SecretMissing as error:
            why = error.found
        except Exception as error:
            why = type(error).__name__
        yield place, why
