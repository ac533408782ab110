"""Which news people get, and which they had before: the keys of `notify` and what they mean. Nothing is sent here."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field

from driftloop.monitoring.errors import ValidationProblem
from driftloop.monitoring.presentation.standing import format_loss, remains_worse
from driftloop.monitoring.records import Check, Outcome, Record, Retrain, changed
from driftloop.monitoring.settings.columns import Name
from driftloop.monitoring.settings.durations import Span, format_duration
from driftloop.monitoring.settings.limits import Share
from driftloop.monitoring.settings.secrets import token_written_out
from driftloop.monitoring.settings.section import Section
from driftloop.pipelines.notify.addresses import usable
from driftloop.pipelines.notify.events import drifted

Kind = Literal["drift", "loss", "data", "promoted", "rejected", "approval", "failed", "silence"]
KINDS: tuple[Kind, ...] = get_args(Kind)


def _no_secret(url: str) -> str:
    if secret := token_written_out(url):
        raise ValidationProblem(
            "a URL whose secrets are written as ${NAME}, filled from the environment when news are sent",
            found=f"{secret} written out",
            remedy="put it into the environment, and ${NAME} in its place",
        )
    return url


class Notify(Section):
    """Notifications. URLs are in apprise's format: mail, Slack, Teams, a webhook and many more."""

    urls: tuple[Annotated[Name, AfterValidator(_no_secret), AfterValidator(usable)], ...] = Field(
        (), description="apprise URLs; write secrets as `${NAME}`, replaced when a notification is sent"
    )
    on: tuple[Kind, ...] = Field(KINDS, description="kinds of notifications to send")
    repeat_after: Span = Field(timedelta(days=1), description="minimum interval between identical notifications")
    drift_share: Share = Field(0.5, description="drift share that triggers a notification")


class Notice(Record):
    """One notification. Two with the same key are the same notification.

    A `lasting` one is sent once, whatever `repeat_after` is, until one that `ends` those of its kind was sent.
    """

    kind: Kind
    model: str
    key: str
    title: str
    body: str
    lasting: bool = False
    ends: bool = False


# A single window without rows may be a file that comes late. Two in a row are not.
SCARCE = frozenset({Outcome.NO_DATA, Outcome.TOO_FEW_ROWS})


def of_check(check: Check, notify: Notify, before: Iterable[Check] = ()) -> tuple[Notice, ...]:
    """Return the notifications of a finished check: it failed, or its data, the inputs or the loss are not well.

    `before` are the checks of the model before it, newest first.
    """
    if check.outcome is Outcome.FAILED:
        return (_failure(check.model, check.reason),)
    made = [*_of_data(check, before), *_of_loss(check)]
    if drifted(check, notify.drift_share):
        names = [score.name for score in check.columns if score.drifted]
        share = f"{check.drift_share or 0:.0%} of the features drifted in {check.window}"
        body = f"{share}{': ' if names else ''}{', '.join(names)}\n{check.reason}{_where(check)}"
        made.append(_notice("drift", check.model, check.champion, f"{check.model}: drift", body))
    return tuple(made)


def cause(check: Check) -> str | None:
    """Return a name for what is wrong with the rows of a check, the same for the same cause; None if nothing is.

    It is made of the codes and columns of the errors among the findings, whatever their numbers are.
    """
    found = sorted({(one.code, one.column or "") for one in check.findings if one.severity in {"error", "fatal"}})
    if found:
        return "; ".join(f"{code} {column}".strip() for code, column in found)
    if check.outcome is Outcome.BAD_DATA:
        return f"bad data {_shape(check.reason)}"
    return check.outcome.value if check.outcome in SCARCE else None


def _of_data(check: Check, before: Iterable[Check]) -> Iterable[Notice]:
    """Data that is not well, once for each cause; and that it is well again, which is sent if the other was."""
    model, why = check.model, cause(check)
    if why is None:
        if check.outcome.judged:
            body = f"the check of {check.window} found no error in the data\n{check.reason}{_where(check)}"
            notice = _notice("data", model, "well", f"{model}: the data is well again", body)
            yield changed(notice, ends=True)
        return
    if check.outcome in SCARCE and not scarce_before(before):
        return
    words = {Outcome.NO_DATA: "again no rows to check", Outcome.TOO_FEW_ROWS: "again too few rows to check"}
    what = words.get(check.outcome, "bad data" if check.outcome is Outcome.BAD_DATA else "errors in the data")
    errors = [one.message for one in check.findings if one.severity in {"error", "fatal"}]
    said = check.reason if not check.outcome.judged else "; ".join(errors)
    serves = f"version {check.champion} goes on serving" if check.champion else "there is no champion"
    body = f"{check.window}: {said}\n{serves}; `driftloop history {model}` shows the checks before{_where(check)}"
    yield changed(_notice("data", model, why, f"{model}: {what}", body), lasting=True)


def scarce_before(before: Iterable[Check]) -> bool:
    """Return whether the check before had too few rows as well; one that met the same rows again does not count.

    `before` are the earlier checks, newest first.
    """
    newest = next((one for one in before if one.outcome is not Outcome.ALREADY_CHECKED), None)
    return newest is not None and newest.outcome in SCARCE


def _of_loss(check: Check) -> Iterable[Notice]:
    """A champion that does worse than its reference, whatever the policies made of it, once in `repeat_after`."""
    if check.performance is None or not remains_worse(check):
        return
    body = f"{format_loss(check.performance)}, in {check.performance.window}\n{check.reason}{_where(check)}"
    title = f"{check.model}: the loss is worse than the reference"
    yield _notice("loss", check.model, check.champion, title, body)


def _where(check: Check) -> str:
    return f"\nreport: {check.report}" if check.report else ""


def of_retrain(model: str, retrain: Retrain) -> tuple[Notice, ...]:
    """The news of a challenger that was judged."""
    if retrain.challenger_loss is None and retrain.version is None:
        return ()
    kind: Kind = "rejected"
    what = "the challenger was rejected"
    if retrain.promoted:
        kind, what = "promoted", f"version {retrain.version} is champion"
    elif retrain.code == Outcome.AWAITING_APPROVAL:
        kind, what = "approval", f"version {retrain.version} waits for `driftloop promote`"
    return (_notice(kind, model, retrain.request_id, f"{model}: {what}", retrain.reason),)


def of_error(model: str, error: BaseException) -> Notice:
    """The news of a check that ended in an error; the same news as that of its record, where there is one."""
    return _failure(model, f"{type(error).__name__}: {error}")


def of_test(model: str) -> Notice:
    """The notification that shows whether notifications arrive; its kind decides nothing, it is sent in any case."""
    body = f"notifications of {model} arrive here; nothing has happened"
    return _notice("silence", model, "test", f"{model}: a test notification", body)


def of_silence(model: str, late: timedelta, due: datetime | None) -> Notice:
    """The news that a check should have run and did not. It stays the same news until one has run."""
    late = timedelta(seconds=int(late.total_seconds()))
    body = f"no check has ended; one is overdue by {format_duration(late)}"
    body += f", since {due:%Y-%m-%d %H:%M} UTC" if due else ""
    return _notice("silence", model, due.isoformat() if due else None, f"{model}: silence", body)


def of_hung(model: str, started: datetime, running: timedelta) -> Notice:
    """The news that a check runs and does not end."""
    running = timedelta(minutes=int(running.total_seconds() // 60))
    body = f"a check has been running for {format_duration(running)}, since {started:%Y-%m-%d %H:%M} UTC"
    return _notice("silence", model, f"hung {started.isoformat()}", f"{model}: a check hangs", body)


def is_news(notice: Notice, told: Iterable[tuple[datetime, str]], now: datetime, repeat_after: timedelta) -> bool:
    """Return whether a notice is to be sent. `told` are moments and keys of those that were sent, newest first.

    A notice is not sent twice within `repeat_after`; a lasting one not twice before its end; an end only if there is
    something to end.
    """
    if notice.lasting or notice.ends:
        of_kind = (key for _, key in told if key.startswith(f"{notice.kind}:{notice.model}:"))
        since = set(takewhile(lambda key: key != _end(notice), of_kind))
        return bool(since) if notice.ends else notice.key not in since
    return not any(key == notice.key and now - moment < repeat_after for moment, key in told)


def _end(notice: Notice) -> str:
    return f"{notice.kind}:{notice.model}:well"


def _notice(kind: Kind, model: str, about: str | None, title: str, body: str) -> Notice:
    return Notice(kind=kind, model=model, key=f"{kind}:{model}:{about or ''}", title=title, body=body)


def _failure(model: str, reason: str) -> Notice:
    return _notice("failed", model, _shape(reason), f"{model}: the check failed", reason)


def _shape(reason: str) -> str:
    """One name for a reason and its likes: a moment, a count or an id in it does not make it another failure.

    >>> _shape("no answer after 3 s") == _shape("no answer after 12 s"), _shape("no file") == _shape("no answer")
    (True, False)
    """
    first = (reason.splitlines() or [""])[0]
    plain = re.sub(r"[\da-f]+", lambda run: "#" if re.search(r"\d", run.group()) else run.group(), first)
    return hashlib.sha256(plain.encode()).hexdigest()[:12]
