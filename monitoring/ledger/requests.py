"""Retrain requests: requested once, processed by the holder of the claim, closed once.

Each change writes its event in the same transaction. The row of a request has all that another process needs to
continue it: the `Request` and its `Progress`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import Field
from sqlalchemy.engine import Connection

from driftloop.monitoring.errors import UnknownRequest
from driftloop.monitoring.ledger import claims, events
from driftloop.monitoring.ledger.claims import Claim
from driftloop.monitoring.ledger.events import Kind
from driftloop.monitoring.ledger.tables import CHECKS, EVENTS, REQUESTS, as_text, plain, stamp, written_now
from driftloop.monitoring.records import Check, Loss, Moment, Record, Retrain, Window

OPEN = ("requested", "trained")
# Ends that leave a request open for another try, and what may still follow upon an end with a result.
AGAIN = (Kind.FAILED, Kind.IMPOSSIBLE)
WAITS = str(Kind.AWAITING_APPROVAL)
SHADOWS = str(Kind.SHADOWING)
# States with a first result, which a final one replaces.
PENDING = (WAITS, SHADOWS)
# In the JSON of a request that trains nothing.
SWITCH = '%"switch": {%'
# In the JSON of a result of a recalibration alone.
RECALIBRATION = '%"recalibrates": "%'


class Adoption(Record):
    """A model that exists already and is to be registered as it is, in place of a training.

    `uri` names one version of it for good, `digest` the content of its files. `trained_on` are the rows that it has
    learned from, as far as the user has named them; `given` is the URI as it was typed. `params` are parameters of its
    training that its file does not keep.
    """

    given: str
    uri: str
    digest: str
    trained_on: Window | None = None
    params: dict[str, Any] = Field(default_factory=dict)


class SwitchBack(Record):
    """A former champion that is to serve again, and the losses of both on the same rows. Nothing is trained.

    With `rollback` the promotion of the champion is taken back for good.
    """

    version: str
    champion_loss: Loss
    loss: Loss
    rollback: bool = False


class Recalibrate(Record):
    """A recalibration of the champion on the labeled rows of `window`, tried before any training.

    It must lower the loss on unseen rows by `least`. If it does not, a training follows where `trains` is set, and
    otherwise the champion stays.
    """

    window: Window
    least: float
    trains: bool


class Request(Record):
    """What is asked for: to replace `champion` by a model trained on `window`, one that is adopted, or a former one.

    Of a model elsewhere `follows` is the version in its table of predictions that takes over, with the predictions of
    `window` as its reference.

    `settings` names the part of the config that the training depends on. `check` is the check whose decision it was,
    as far as it was by then, and `rows` the digest of the rows that it judged; none for a request of a user.
    """

    request_id: str
    model: str
    champion: str | None
    window: Window
    now: Moment
    reason: str
    settings: str = ""
    parent_run_id: str | None = None
    check: Check | None = None
    rows: str | None = None
    adopt: Adoption | None = None
    follows: str | None = None
    switch: SwitchBack | None = None
    recalibrate: Recalibrate | None = None

    @property
    def title(self) -> str:
        """Return what the request is about, as its MLflow run is named."""
        if self.switch is not None:
            return f"{'roll' if self.switch.rollback else 'switch'} back to version {self.switch.version}"
        if self.follows is not None:
            return f"version {self.follows}"
        if self.recalibrate is not None and not self.recalibrate.trains:
            return f"recalibration of version {self.champion}"
        return f"training {self.window}" if self.adopt is None else f"adoption of {self.adopt.given}"


class ShadowVerdict(Record):
    """How a challenger in shadow is to end: promoted, or declined; `code` is that of the result of its request."""

    promote: bool
    code: str
    reason: str


class Progress(Record):
    """What a training has come to: the gate's word, and the stored model that waits to be registered.

    `against` is the champion that the gate compared it with. All of it is written before the version is registered,
    so that another process can carry on from here. `verdict` is set once a challenger in shadow was judged.
    """

    run_id: str
    code: str
    reason: str
    against: str | None
    champion_loss: Loss | None
    challenger_loss: Loss | None
    model_id: str
    sealed: str
    tags: dict[str, str]
    verdict: ShadowVerdict | None = None


def ask(open_: Connection, request: Request, *, again: bool = False) -> Retrain | None:
    """One row represents all attempts of a request. Return its result if it was trained to its end before.

    With `again` that result is void, and the request is open once more.
    """
    this = REQUESTS.c.request_id == request.request_id
    found = open_.execute(sa.select(REQUESTS).where(this).with_for_update()).mappings().first()
    if found is not None and found["body"] is not None and not again:
        return Retrain.model_validate_json(found["body"])
    if found is not None and found["state"] in OPEN and found["asked"] is not None:
        # Someone else's, or that of a process that died: who claims it carries it on as it was asked for.
        return None
    asked = {
        "champion": request.champion,
        "state": "requested",
        "now": stamp(request.now),
        "reason": plain(request.reason),
        "error": None,
        "body": None,
        "written_at": written_now(),
        "check_id": request.check.check_id if request.check else None,
        "asked": as_text(request),
        "progress": None,
    }
    if found is None:
        open_.execute(REQUESTS.insert().values(request_id=request.request_id, model=request.model, **asked))
    else:
        open_.execute(REQUESTS.update().where(this).values(**asked))
    payload = request.model_dump(mode="json", include={"champion", "window", "reason"})
    payload["votes"] = [vote.model_dump(mode="json") for vote in request.check.votes] if request.check else []
    events.append(open_, request.model, Kind.RETRAIN_REQUESTED, payload, request.now, request.request_id)
    return None


def asked(open_: Connection, request_id: str) -> Request:
    """What was asked for."""
    return Request.model_validate_json(_row(open_, request_id)["asked"])


def claimed(open_: Connection, request_id: str, claim: Claim) -> None:
    """Add the event of a claim on a request, with its holder and the number of the attempt."""
    row = _row(open_, request_id)
    payload = {"holder": claim.holder, "attempt": claim.fence}
    events.append(open_, row["model"], Kind.CLAIMED, payload, datetime.fromisoformat(row["now"]), request_id)


def attempts(open_: Connection, request_id: str) -> int:
    """How often it was claimed since it was asked for last, or since its challenger was judged in shadow."""
    number, this = EVENTS.c.number, EVENTS.c.subject == request_id
    begins = [str(Kind.RETRAIN_REQUESTED), str(Kind.SHADOW_JUDGED)]
    asked = sa.select(sa.func.max(number)).where(this, EVENTS.c.kind.in_(begins))
    taken = sa.select(sa.func.count(number)).where(this, EVENTS.c.kind == str(Kind.CLAIMED))
    model = _row(open_, request_id)["model"]  # the index of events begins with the model
    asked, taken = (query.where(EVENTS.c.model == model) for query in (asked, taken))
    return int(open_.execute(taken.where(number > asked.scalar_subquery())).scalar_one())


def advance(open_: Connection, request_id: str, progress: Progress, claim: Claim | None) -> None:
    """Keep how far a training has come."""
    claims.require(open_, claim)
    row = _row(open_, request_id)
    change = REQUESTS.update().where(REQUESTS.c.request_id == request_id)
    open_.execute(change.values(state="trained", progress=as_text(progress), written_at=written_now()))
    payload = progress.model_dump(mode="json", exclude={"tags"})
    events.append(open_, row["model"], Kind.TRAINED, payload, datetime.fromisoformat(row["now"]), request_id)


def end(
    open_: Connection,
    request_id: str,
    *,
    state: Kind,
    retrain: Retrain | None = None,
    error: str | None = None,
    claim: Claim | None = None,
) -> bool:
    """Close a request; False, and nothing is written, if it has a result already.

    A challenger that waits for approval, or is in shadow, is no result yet.
    """
    claims.require(open_, claim)
    row = _row(open_, request_id, locked=True)
    if row["body"] is not None and (row["state"] not in PENDING or row["state"] == state):
        return False
    values = {
        "state": str(state),
        "error": plain(error) if error else None,
        "body": as_text(retrain) if retrain else row["body"],
    }
    if state in AGAIN:
        # The next try begins anew.
        values["progress"] = None
    change = REQUESTS.update().where(REQUESTS.c.request_id == request_id)
    open_.execute(change.values(written_at=written_now(), **values))
    payload = retrain.model_dump(mode="json") if retrain else {"reason": error}
    if state == Kind.ROLLED_BACK:
        payload["left"] = row["champion"]
    events.append(open_, row["model"], state, payload, datetime.fromisoformat(row["now"]), request_id)
    return True


def judge_shadow(open_: Connection, request: Request, progress: Progress) -> bool:
    """Open the request of a challenger in shadow again, with its verdict; False if it is not in shadow any more.

    From here on it is the request of the check that reached the verdict, and ends as every request that was trained.
    """
    row = _row(open_, request.request_id, locked=True)
    if row["state"] != SHADOWS:
        return False
    values = {
        "state": "trained",
        "now": stamp(request.now),
        "body": None,
        "check_id": request.check.check_id if request.check else None,
        "asked": as_text(request),
        "progress": as_text(progress),
        "written_at": written_now(),
    }
    open_.execute(REQUESTS.update().where(REQUESTS.c.request_id == request.request_id).values(**values))
    verdict = progress.verdict.model_dump(mode="json") if progress.verdict else {}
    version = Retrain.model_validate_json(row["body"]).version
    payload = {**verdict, "version": version}
    events.append(open_, row["model"], Kind.SHADOW_JUDGED, payload, request.now, request.request_id)
    return True


def open_requests(open_: Connection, model: str | None = None) -> list[Request]:
    """The requests that have no end, oldest first. Some of them may be in work: see their claim."""
    query = sa.select(REQUESTS.c.asked).where(REQUESTS.c.state.in_(OPEN), REQUESTS.c.asked.is_not(None))
    query = query if model is None else query.where(REQUESTS.c.model == model)
    return [Request.model_validate_json(text) for text in open_.execute(query.order_by(REQUESTS.c.number)).scalars()]


def ended_without_check(open_: Connection, model: str) -> list[tuple[Request, Retrain | str]]:
    """The requests that came to an end while the check that decided on them never did, each with its end.

    The end is the result, or the reason why there is none.
    """
    recorded = sa.select(CHECKS.c.check_id).where(CHECKS.c.check_id == REQUESTS.c.check_id).exists()
    query = sa.select(REQUESTS).where(
        REQUESTS.c.model == model, REQUESTS.c.check_id.is_not(None), REQUESTS.c.state.not_in(OPEN), ~recorded
    )
    rows = open_.execute(query.order_by(REQUESTS.c.number)).mappings()
    return [
        (
            Request.model_validate_json(row["asked"]),
            Retrain.model_validate_json(row["body"]) if row["body"] else str(row["error"]),
        )
        for row in rows
    ]


def _row(open_: Connection, request_id: str, *, locked: bool = False) -> sa.RowMapping:
    query = sa.select(REQUESTS).where(REQUESTS.c.request_id == request_id)
    found = open_.execute(query.with_for_update() if locked else query).mappings().first()
    if found is None:
        raise UnknownRequest(request_id, open_.engine.url.render_as_string())
    return found
