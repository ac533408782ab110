"""News reach a webhook once, events reach Prefect, and neither can fail a check."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner

from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.records import Outcome
from driftloop.pipelines.cli import main
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.notify import announce, delivered, events, notices
from driftloop.pipelines.notify.delivered import NOTIFIED
from driftloop.pipelines.notify.notices import Notify
from driftloop.pipelines.runtime import home
from tests import streams
from tests.conftest import Model
from tests.outcomes import found, made
from tests.streams import day, stream

Make = Callable[..., Model]


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with closing(Ledger(home.ledger_url())) as opened:
        yield opened


def failure(model: str, reason: str = "OSError: the disk is full") -> notices.Notice:
    return notices.of_check(made(model=model, outcome="failed", reason=reason), Notify())[0]


def test_news_are_sent_once(webhook: tuple[str, list[Any]], ledger: Ledger) -> None:
    """Another process that meets the same failure a moment later sends nothing: the ledger remembers."""
    url, got = webhook
    wanted = Notify(urls=[f"{url}/hook"])
    for _ in range(3):
        announce.notify(wanted, [failure("once")], ledger)
    announce.notify(wanted, [failure("once", "ValueError: something else")], ledger)
    assert [(one["title"], one["type"]) for one in got] == [("once: the check failed", "warning")] * 2
    assert "disk is full" in got[0]["message"]
    assert len(ledger.events("once", kinds=(NOTIFIED,))) == 2


def test_only_what_is_wanted_is_sent(webhook: tuple[str, list[Any]], ledger: Ledger) -> None:
    """`notify.on` chooses; nothing else reaches anybody."""
    url, got = webhook
    announce.notify(Notify(urls=[url], on=["drift"]), [failure("choosy")], ledger)
    assert got == []


def test_what_reached_no_one_is_tried_again(webhook: tuple[str, list[Any]], ledger: Ledger) -> None:
    """A webhook that answers with an error has not been reported; one of two that took it has."""
    url, got = webhook
    announce.notify(Notify(urls=[f"{url}/no"]), [failure("deaf")], ledger)
    announce.notify(Notify(urls=[f"{url}/no", f"{url}/yes"]), [failure("deaf")], ledger)
    announce.notify(Notify(urls=[f"{url}/yes"]), [failure("deaf")], ledger)
    assert len(got) == 3
    (result,) = ledger.events("deaf", kinds=(NOTIFIED,))
    assert (result.payload["sent"], result.payload["of"]) == (1, 2)


@pytest.mark.parametrize(
    "url", ["json://127.0.0.1:1/${HOOK}", "slack://${HOOK}", "json://127.0.0.1/${NO_SUCH_VARIABLE}", "${HOOK}"]
)
def test_a_notification_that_fails_fails_nothing_and_shows_no_secret(
    url: str, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """No one there, no such service, no such variable: one line in the log, without what the variable holds."""
    monkeypatch.setenv("HOOK", "hunter2")
    with caplog.at_level(logging.DEBUG):
        announce.notify(Notify(urls=[url]), [failure("quiet")], ledger)
    assert "notify.urls[0]" in caplog.text
    assert "hunter2" not in caplog.text
    assert ledger.events("quiet", kinds=(NOTIFIED,)) == []


def test_bad_data_is_sent_once_for_each_cause_and_once_when_it_is_well(
    webhook: tuple[str, list[Any]], ledger: Ledger
) -> None:
    """However often it repeats and however short `repeat_after` is; after the end the same cause is sent again."""
    url, got = webhook
    wanted = Notify(urls=[url], repeat_after="1s")
    config = Project.model_validate(streams.config(model="broken", notify=wanted))
    at = iter(range(100))

    def check(**more: Any) -> None:
        ended = made(model="broken", check_id=f"c{next(at)}", **more)
        ledger.record(ended)
        announce.check_ended(config.notify, ended, ledger)

    lost = {"outcome": "bad_data", "decision": None, "reason": "no column 'a'", "champion_after": "3"}
    empty = {"outcome": "no_data", "decision": None, "reason": "no rows in that window"}
    check()
    check(**lost, findings=[found("lost_column", "fatal", "a")])
    check(**lost, findings=[found("lost_column", "fatal", "a")])
    check(**lost, findings=[found("lost_column", "fatal", "b")])
    check(**empty)
    check(outcome="already_checked", decision=None)
    check(**empty)
    check(**empty)
    check(findings=[found("unseen_categories", "error", "a")])
    check()
    check()
    check(**lost, findings=[found("lost_column", "fatal", "a")])
    titles = [one["title"].removeprefix("broken: ") for one in got]
    assert titles == [
        "bad data",
        "bad data",
        "again no rows to check",
        "errors in the data",
        "the data is good again",
        "bad data",
    ]
    assert "no column 'a'" in got[0]["message"]
    assert "driftloop history broken" in got[0]["message"]


def test_a_test_notification_reports_each_url(
    webhook: tuple[str, list[Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that took it, the one that did not and the one without its variable; no URL at all is a wrong config."""
    url, got = webhook
    file = streams.write(tmp_path, notify={"urls": [f"{url}/yes", f"{url}/no", "json://127.0.0.1/${NO_HOOK}"]})
    done = CliRunner().invoke(main, ["notify", "--test", str(file)])
    lines = done.stdout.splitlines()
    assert lines[:2] == ["notify.urls[0] (json): delivered", "notify.urls[1] (json): delivery failed"]
    assert "NO_HOOK" in lines[2]
    assert done.exit_code == 1
    assert [one["title"] for one in got] == ["made: a test notification"] * 2
    shown = CliRunner().invoke(main, ["notify", str(file)]).stdout.splitlines()
    assert shown[0].startswith("notify.urls[0] (json): last delivery 'made: a test notification' on 2")
    assert shown[1].endswith(" failed: delivery failed; nothing delivered yet")
    file = streams.write(tmp_path, notify={"urls": [f"{url}/yes"]})
    done = CliRunner().invoke(main, ["notify", "--test", str(file), "--json"])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["notifications"] == [
        {"url": "notify.urls[0] (json)", "delivered": True, "reason": None}
    ]
    with closing(Ledger(home.ledger_url())) as ledger:
        assert [(one.url, one.reason) for one in delivered.last(ledger.events("made", kinds=delivered.KINDS))] == [
            ("notify.urls[0] (json)", None),
            ("notify.urls[1] (json)", "delivery failed"),
            ("notify.urls[2] (json)", lines[2].partition(": ")[2]),
        ]
    nobody = CliRunner().invoke(main, ["notify", str(streams.write(tmp_path))])
    assert (nobody.exit_code, "notify.urls" in nobody.stderr) == (2, True)


def test_an_event_that_cannot_be_sent_fails_nothing(prefect: None, caplog: pytest.LogCaptureFixture) -> None:
    """Larger than Prefect takes: it is reported, and the check goes on."""
    with caplog.at_level(logging.WARNING):
        announce.emit(events.of_check(made(reason="x" * 3_000_000)))
    assert "EventTooLarge" in caplog.text


def test_a_check_is_reported_to_prefect_and_to_people(model: Make, webhook: tuple[str, list[Any]]) -> None:
    """A check with drift and a retrain: its events are in Prefect, related to its run, and the hook has its news."""
    url, got = webhook
    made_model = model(
        stream(input_shift_at=28, concept_shift_at=28),
        training__params={"n_estimators": 10},
        policies__triggers=[{"policy": "always"}],
        notify={"urls": [url]},
    )
    first = made_model.check(day(21))
    assert first.outcome is Outcome.BOOTSTRAPPED
    check = made_model.check(day(35))
    titles = [one["title"] for one in got]
    assert titles[0] == f"{made_model.name}: version 1 is the new champion"
    assert f"{made_model.name}: drift" in titles
    found = events_about(made_model.name, at_least=7)
    names = [event["event"].removeprefix("driftloop.") for event in found]
    assert sorted(names)[:2] == ["check.finished"] * 2
    assert {"drift.detected", "retrain.requested", "model.promoted"} <= set(names)
    of_models = sorted(found, key=lambda event: event["occurred"])
    order = [event["event"] for event in of_models if event["event"].startswith(("driftloop.r", "driftloop.model"))]
    assert order[0] == "driftloop.retrain.requested", "it is told before anything is trained"
    finished = next(event for event in found if event["payload"].get("check_id") == check.check_id)
    roles = {related["prefect.resource.role"]: related["prefect.resource.id"] for related in finished["related"]}
    assert UUID(roles["flow-run"].removeprefix("prefect.flow-run.")) == UUID(str(check.prefect_flow_run_id))
    assert roles["flow"].startswith("prefect.flow."), "Prefect adds the flow of the run that was given"


def events_about(name: str, at_least: int) -> list[dict[str, Any]]:
    """The events about a model in Prefect; they arrive a moment after they are sent."""
    from prefect.client.orchestration import get_client

    wanted = {"filter": {"event": {"prefix": ["driftloop."]}, "resource": {"id": [f"driftloop.model.{name}"]}}}
    with get_client(sync_client=True) as client:
        for _ in range(150):
            answer = client._client.post("/events/filter", json=wanted)
            found = list(answer.json()["events"])
            if len(found) >= at_least:
                break
            time.sleep(0.1)
    return found
