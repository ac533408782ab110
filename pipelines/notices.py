"""Which news people get, and which they had before: the keys of `notify` and what they mean. Nothing is sent here."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field

from monitoring.config import Name, Section, Share
from monitoring.durations import Span, format_duration
from monitoring.errors import Misfit
from monitoring.records import Check, Outcome, Record, Retrain
from monitoring.secrets import token_written_out
from pipelines.events import drifted

Kind = Literal["drift", "promoted", "rejected", "approval", "failed", "silence"]
KINDS: tuple[Kind, ...] = get_args(Kind)


def _no_secret(url: str) -> str:
    if secret := token_written_out(url):
        raise Misfit(
            "a URL whose secrets are written as ${NAME}, filled from the environment when news are sent",
            found=f"{secret} written out",
            remedy="put it into the environment, and ${NAME} in its place",
        )
    return url


class Notify(Section):
    """Who is told what. A URL is one of apprise's: mail, Slack, Teams, a webhook and many more."""

    urls: tuple[Annotated[Name, AfterValidator(_no_secret)], ...] = Field(
        (), description="apprise URLs; write secrets as `${NAME}`, filled when one is sent"
    )
    on: tuple[Kind, ...] = KINDS
    repeat_after: Span = Field(timedelta(days=1), description="the same news is not told again within so long")
    drift_share: Share = Field(0.5, description="the share of drifted features from which on drift is news")


class Notice(Record):
    """One piece of news. Two with the same key are the same news."""

    kind: Kind
    model: str
    key: str
    title: str
    body: str


def of_check(check: Check, notify: Notify) -> tuple[Notice, ...]:
    """The news of a finished check: that it failed, or that there is drift under this champion."""
    if check.outcome is Outcome.FAILED:
        return (_failure(check.model, check.reason),)
    if not drifted(check, notify.drift_share):
        return ()
    names = [score.name for score in check.columns if score.drifted]
    body = f"{check.drift_share or 0:.0%} of the features drifted in {check.window}: {', '.join(names)}\n{check.reason}"
    return (_notice("drift", check.model, check.champion, f"{check.model}: drift", body),)


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


def of_silence(model: str, late: timedelta, due: datetime | None) -> Notice:
    """The news that a check should have run and did not. It stays the same news until one has run."""
    late = timedelta(seconds=int(late.total_seconds()))
    body = f"no check has ended; one is overdue by {format_duration(late)}"
    body += f", since {due:%Y-%m-%d %H:%M} UTC" if due else ""
    return _notice("silence", model, due.isoformat() if due else None, f"{model}: silence", body)


def of_hung(model: str, started: datetime, running: timedelta) -> Notice:
    """The news that a check runs and does not end."""
    running = timedelta(seconds=int(running.total_seconds()))
    body = f"a check has been running for {format_duration(running)}, since {started:%Y-%m-%d %H:%M} UTC"
    return _notice("silence", model, f"hung {started.isoformat()}", f"{model}: a check hangs", body)


def is_news(notice: Notice, told: Iterable[tuple[datetime, str]], now: datetime, repeat_after: timedelta) -> bool:
    """Whether nobody was told the same within `repeat_after`. `told` are moments and keys of earlier notices."""
    return not any(key == notice.key and now - moment < repeat_after for moment, key in told)


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
