"""Notifications of a check and a retrain, and the keys of `notify`. Nothing is sent from here."""

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
from driftloop.monitoring.quality.freshness import STALE, stale_of
from driftloop.monitoring.records import Check, Finding, Outcome, Record, Retrain, changed, summary, worst
from driftloop.monitoring.settings.columns import Name
from driftloop.monitoring.settings.durations import Span, format_duration
from driftloop.monitoring.settings.limits import Share
from driftloop.monitoring.settings.secrets import token_written_out
from driftloop.monitoring.settings.section import Section
from driftloop.pipelines.notify.addresses import usable
from driftloop.pipelines.notify.events import drifted

Kind = Literal[
    "drift", "loss", "data", "retrain", "promoted", "rejected", "rollback", "approval", "shadow", "failed", "silence"
]
KINDS: tuple[Kind, ...] = get_args(Kind)


def _no_secret(url: str) -> str:
    if secret := token_written_out(url):
        raise ValidationProblem(
            "a URL with its secrets written as ${NAME}, which are replaced from the environment when sending",
            found=f"{secret} in plain text",
            remedy="put the secret into an environment variable, and write ${NAME} instead",
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

    A `lasting` notification is sent once, regardless of `repeat_after`, until one with `ends` of its kind was sent.
    """

    kind: Kind
    model: str
    key: str
    title: str
    body: str
    lasting: bool = False
    ends: bool = False


# A single window without rows may be a late file. Two in a row are reported.
SCARCE = frozenset({Outcome.NO_DATA, Outcome.TOO_FEW_ROWS})


def of_check(check: Check, notify: Notify, before: Iterable[Check] = ()) -> tuple[Notice, ...]:
    """Return the notifications of a finished check: a failure, bad data, drift, a worse loss, or a needed retrain.

    `before` are the checks of the model before it, newest first.
    """
    if check.outcome is Outcome.FAILED:
        return (_failure(check.model, check.reason),)
    late = stale_of(check.findings)
    new = [of_stale(check.model, check.newest_row, late)] if late is not None and late.severity != "warning" else []
    new += [*_of_data(check, before), *_of_loss(check), *_of_decision(check)]
    if drifted(check, notify.drift_share):
        names = [score.name for score in check.columns if score.drifted]
        share = f"{check.drift_share or 0:.0%} of the features drifted in {check.window}"
        most = f"\nmoved most: {check.moved.sentence()}" if check.moved else ""
        body = f"{share}{': ' if names else ''}{', '.join(names)}{most}\n{check.reason}{_where(check)}"
        new.append(_notice("drift", check.model, check.champion, f"{check.model}: drift", body))
    return tuple(new)


def cause(check: Check) -> str | None:
    """Return a name for what is wrong with the rows of a check, the same for the same cause; None if nothing is.

    It consists of the codes and columns of the errors among the findings, without their numbers. A newest row that is
    too old is not among them: it has a notification of its own.
    """
    errors = sorted({(each.code, each.column or "") for each in _errors(check)})
    if errors:
        return "; ".join(f"{code} {column}".strip() for code, column in errors)
    if check.outcome is Outcome.BAD_DATA and stale_of(check.findings) is None:
        return f"bad data {_shape(check.reason)}"
    return check.outcome.value if check.outcome in SCARCE else None


def _of_data(check: Check, before: Iterable[Check]) -> Iterable[Notice]:
    """Report bad data, once per cause, and its recovery, which is sent only if bad data was reported."""
    model, why = check.model, cause(check)
    if why is None:
        if check.outcome.judged:
            body = f"no error in the data of {check.window}\n{check.reason}{_where(check)}"
            notice = _notice("data", model, "well", f"{model}: the data is good again", body)
            yield changed(notice, ends=True)
        return
    if check.outcome in SCARCE and not _errors(check) and not scarce_before(before):
        return
    titles = {Outcome.NO_DATA: "again no rows to check", Outcome.TOO_FEW_ROWS: "again too few rows to check"}
    title = "bad data" if check.outcome is Outcome.BAD_DATA else "errors in the data"
    title = titles.get(check.outcome, title) if not _errors(check) else title
    errors = "; ".join(finding.message for finding in _errors(check))
    problem = errors if errors and check.outcome is not Outcome.BAD_DATA else check.reason
    serves = f"version {check.champion} keeps serving" if check.champion else "no champion yet"
    body = f"{check.window}: {problem}\n{serves}; earlier checks: `driftloop history {model}`{_where(check)}"
    yield changed(_notice("data", model, why, f"{model}: {title}", body), lasting=True)


def _errors(check: Check) -> list[Finding]:
    serious = [finding for finding in check.findings if finding.severity in {"error", "fatal"}]
    return [finding for finding in serious if finding.code != STALE.name]


def scarce_before(before: Iterable[Check]) -> bool:
    """Return whether the previous check had too few rows as well; a check of the same rows again does not count.

    `before` are the earlier checks, newest first.
    """
    newest = next((one for one in before if one.outcome is not Outcome.ALREADY_CHECKED), None)
    return newest is not None and newest.outcome in SCARCE


def _of_loss(check: Check) -> Iterable[Notice]:
    """Report a champion that is worse than its reference, regardless of the policies, once in `repeat_after`.

    Slices that are worse are part of that notification, or one of their own where the whole is not worse.
    """
    slices = worst(check.slices) if check.champion == check.champion_after else ()
    text = f"\n{summary(slices)}" if slices else ""
    if slices and not remains_worse(check):
        names = ", ".join(each.name for each in slices)
        body = f"{check.window}{text}\n{check.reason}{_where(check)}"
        title = f"{check.model}: the loss is worse than the reference in {len(slices)} slice{'s' * (len(slices) > 1)}"
        yield _notice("loss", check.model, f"{check.champion} slices {names}", title, body)
    if check.performance is None or not remains_worse(check):
        return
    why = "".join(f"\n{name}: {line}" for name, line in check.causes.lines) if check.causes else ""
    body = f"{format_loss(check.performance)}, in {check.performance.window}{why}{text}\n{check.reason}{_where(check)}"
    title = f"{check.model}: the loss is worse than the reference"
    yield _notice("loss", check.model, check.champion, title, body)


def _of_decision(check: Check) -> Iterable[Notice]:
    """Report that a model that is trained elsewhere needs a retrain there, once in `repeat_after`."""
    if check.outcome is Outcome.NEEDED_ELSEWHERE:
        body = f"version {check.scored_by!r}, {check.window}: {check.reason}{_where(check)}"
        yield _notice("retrain", check.model, check.champion, f"{check.model}: retrain needed elsewhere", body)


def _where(check: Check) -> str:
    return f"\nreport: {check.report}" if check.report else ""


def of_retrain(model: str, retrain: Retrain) -> tuple[Notice, ...]:
    """Return the notification of a judged challenger."""
    if retrain.challenger_loss is None and retrain.version is None:
        return ()
    kind: Kind = "rejected"
    what = "the challenger was rejected"
    if retrain.promoted:
        kind, what = "promoted", f"version {retrain.version} is the new champion"
        if retrain.code == Outcome.SWITCHED_BACK:
            what = f"version {retrain.version}, an archived model, serves now"
        elif retrain.code == Outcome.RECALIBRATED:
            what = f"version {retrain.version}, a recalibration of version {retrain.recalibrates}, serves"
        elif retrain.code == Outcome.ROLLED_BACK:
            kind, what = "rollback", f"the last promotion was taken back: version {retrain.version} serves again"
    elif retrain.code == Outcome.AWAITING_APPROVAL:
        kind, what = "approval", f"version {retrain.version} waits for approval (`driftloop promote`)"
    elif retrain.code == Outcome.SHADOWING:
        kind, what = "shadow", f"version {retrain.version} is in shadow"
    elif retrain.code.startswith("shadow"):
        what = f"version {retrain.version}, a challenger in shadow, was declined"
    return (_notice(kind, model, retrain.request_id, f"{model}: {what}", retrain.reason),)


def of_error(model: str, error: BaseException) -> Notice:
    """Return the notification of a check that ended in an error; it equals that of the check's record, if any."""
    return _failure(model, f"{type(error).__name__}: {error}")


def of_test(model: str) -> Notice:
    """Return a test notification; it is sent regardless of its kind."""
    body = f"this is only a test: notifications of {model} arrive here"
    return _notice("silence", model, "test", f"{model}: a test notification", body)


def of_silence(model: str, late: timedelta, due: datetime | None) -> Notice:
    """Return the notification that a check is overdue. It stays the same notification until a check has run."""
    late = timedelta(seconds=int(late.total_seconds()))
    body = f"a check is overdue by {format_duration(late)}"
    body += f" (due {due:%Y-%m-%d %H:%M} UTC)" if due else ""
    body += "; see whether the scheduler (`driftloop serve`, a worker or cron) runs: `driftloop doctor`"
    return _notice("silence", model, due.isoformat() if due else None, f"{model}: silence", body)


def of_stale(model: str, newest: datetime | None, finding: Finding) -> Notice:
    """Return the notification that no rows arrive. It stays the same notification until a newer row is there."""
    body = f"{finding.message}\nsee whether the program that delivers the rows still runs; `driftloop history {model}`"
    about = f"rows {newest.isoformat() if newest else 'none'}"
    return _notice("silence", model, about, f"{model}: no new rows", body)


def of_hung(model: str, started: datetime, running: timedelta) -> Notice:
    """Return the notification of a check that does not end."""
    running = timedelta(minutes=int(running.total_seconds() // 60))
    body = f"a check has been running for {format_duration(running)}, since {started:%Y-%m-%d %H:%M} UTC"
    return _notice("silence", model, f"hung {started.isoformat()}", f"{model}: a check does not end", body)


def should_send(notice: Notice, sent: Iterable[tuple[datetime, str]], now: datetime, repeat_after: timedelta) -> bool:
    """Return whether to send a notification. `sent` are times and keys of earlier ones, newest first.

    A notification is not sent twice within `repeat_after`; a lasting one not twice before its end; an end only if
    there is something to end.
    """
    if notice.lasting or notice.ends:
        of_kind = (key for _, key in sent if key.startswith(f"{notice.kind}:{notice.model}:"))
        since = set(takewhile(lambda key: key != _end(notice), of_kind))
        return bool(since) if notice.ends else notice.key not in since
    return not any(key == notice.key and now - moment < repeat_after for moment, key in sent)


def _end(notice: Notice) -> str:
    return f"{notice.kind}:{notice.model}:well"


def _notice(kind: Kind, model: str, about: str | None, title: str, body: str) -> Notice:
    return Notice(kind=kind, model=model, key=f"{kind}:{model}:{about or ''}", title=title, body=body)


def _failure(model: str, reason: str) -> Notice:
    return _notice("failed", model, _shape(reason), f"{model}: the check failed", reason)


def _shape(reason: str) -> str:
    """Return one name for similar reasons: a different time, count or id in it is not another failure.

    >>> _shape("no answer after 3 s") == _shape("no answer after 12 s"), _shape("no file") == _shape("no answer")
    (True, False)
    """
    first = (reason.splitlines() or [""])[0]
    plain = re.sub(r"[\da-f]+", lambda run: "#" if re.search(r"\d", run.group()) else run.group(), first)
    return hashlib.sha256(plain.encode()).hexdigest()[:12]
