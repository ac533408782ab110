"""Which notifications are sent, and when the same one is sent again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from driftloop.pipelines.config.project import Project
from driftloop.pipelines.notify import notices
from driftloop.pipelines.notify.notices import Notify
from tests import streams
from tests.outcomes import composed, drifted_column, fired, found, hold, made, retrain
from tests.signals import performance
from tests.streams import day

NOTIFY = Notify()


@pytest.mark.parametrize(
    ("check", "kinds"),
    [
        (made(), []),
        (made(drift_share=0.6, columns=[drifted_column("speed")]), ["drift"]),
        (made(drift_share=0.0, votes=[fired("auto_quantile")]), ["drift"]),
        (made(drift_share=0.0, votes=[composed("any_of", "fire", fired("target_drift"), hold("cara"))]), ["drift"]),
        (made(drift_share=0.0, votes=[composed("k_of_n", "hold", fired("drift_share"))]), []),
        (made(outcome="failed", reason="OSError: full"), ["failed"]),
        (made(outcome="bad_data", reason="a column is lost", decision=None), ["data"]),
        (made(findings=[found("unseen_categories", "error", "a")]), ["data"]),
        (made(findings=[found("unseen_categories", "warning", "a")]), []),
        (made(outcome="no_data", reason="no rows", decision=None), []),
        (made(performance=performance(12.0)), ["loss"]),
        (made(performance=performance(12.0), outcome="held", decision="wait"), ["loss"]),
        (made(performance=performance(12.0), outcome="promoted", champion_after="4"), []),
        (made(performance=performance(12.0), drift_share=0.6, columns=[drifted_column("a")]), ["loss", "drift"]),
        (made(outcome="needed_elsewhere", decision="retrain", scored_by="7"), ["retrain"]),
    ],
)
def test_a_check_is_news_if_something_is_not_well(check: Any, kinds: list[str]) -> None:
    """It failed, found drift, met data that is broken, or left a champion that does worse; a steady check is none."""
    result = [notice for notice in notices.of_check(check, NOTIFY) if not notice.ends]
    assert [notice.kind for notice in result] == kinds
    assert all(notice.title.startswith("m: ") and notice.body for notice in result)


def test_an_end_of_a_retrain_is_news_if_there_was_a_challenger() -> None:
    """Promoted, rejected or waiting for a user, once a request; a training that could not be made is none."""
    (promoted,), (rejected,) = (notices.of_retrain("m", retrain(promoted=yes)) for yes in (True, False))
    (awaits,) = notices.of_retrain("m", retrain(promoted=False, code="awaiting_approval"))
    assert (promoted.kind, rejected.kind, awaits.kind) == ("promoted", "rejected", "approval")
    assert "driftloop promote" in awaits.title
    (enters,) = notices.of_retrain("m", retrain(promoted=False, code="shadowing"))
    (leaves,) = notices.of_retrain("m", retrain(promoted=False, code="shadow_unproven"))
    assert (enters.kind, enters.title, leaves.kind) == ("shadow", "m: version 4 is in shadow", "rejected")
    assert leaves.title == "m: version 4, a challenger in shadow, was declined"
    (back,) = notices.of_retrain("m", retrain(code="rolled_back", version="1"))
    assert (back.kind, back.title) == ("rollback", "m: the last promotion was taken back: version 1 serves again")
    assert promoted.key != notices.of_retrain("m", retrain(request_id="r2"))[0].key
    assert notices.of_retrain("m", retrain(version=None, challenger_loss=None, promoted=False)) == ()
    (again,) = notices.of_retrain("m", retrain(version="4", code="recalibrated", recalibrates="2"))
    assert (again.kind, again.title) == ("promoted", "m: version 4, a recalibration of version 2, serves")


def test_the_same_news_are_not_reported_within_the_period() -> None:
    """Exactly after the period they are; other news, and the same of another model, are not held back."""
    (notice,) = notices.of_check(made(outcome="failed", reason="no answer after 3 s"), NOTIFY)
    (like,) = notices.of_check(made(outcome="failed", reason="no answer after 12 s"), NOTIFY)
    (other,) = notices.of_check(made(outcome="failed", reason="the disk is full"), NOTIFY)
    (elsewhere,) = notices.of_check(made(model="n", outcome="failed", reason="no answer after 3 s"), NOTIFY)
    result, hour = [(day(0), notice.key)], timedelta(hours=1)
    assert not notices.should_send(like, result, day(0) + hour - timedelta(seconds=1), hour)
    assert notices.should_send(like, result, day(0) + hour, hour)
    assert notices.should_send(other, result, day(0), hour)
    assert notices.should_send(elsewhere, result, day(0), hour)
    assert notices.should_send(notice, [], day(0), hour)


def test_windows_without_rows_are_news_when_they_repeat() -> None:
    """The second in a row, whether it has none or too few; one that met the same rows again is not counted."""
    empty = made(outcome="no_data", reason="no rows", decision=None)
    few = made(outcome="too_few_rows", reason="3 rows", decision=None)
    again = made(outcome="already_checked", decision=None)
    assert notices.of_check(empty, NOTIFY, [made(), empty]) == ()
    assert [one.title for one in notices.of_check(empty, NOTIFY, [again, few])] == ["m: again no rows to check"]
    assert notices.of_check(empty, NOTIFY, [few])[0].key != notices.of_check(few, NOTIFY, [empty])[0].key


def test_a_lasting_notice_is_sent_once_before_its_end() -> None:
    """Long after `repeat_after` it is still the same one; an end without anything to end is not sent."""
    (bad,) = notices.of_check(made(outcome="bad_data", reason="lost", decision=None), NOTIFY)
    (well,) = notices.of_check(made(), NOTIFY)
    span = timedelta(days=1)
    assert notices.should_send(bad, [], day(0), span)
    assert not notices.should_send(bad, [(day(0), bad.key)], day(300), span)
    assert notices.should_send(bad, [(day(1), well.key), (day(0), bad.key)], day(1), span)
    assert not notices.should_send(well, [], day(0), span)
    assert not notices.should_send(well, [(day(0), "failed:m:abc")], day(0), span)
    assert notices.should_send(well, [(day(0), bad.key)], day(0), span)
    assert not notices.should_send(well, [(day(1), well.key), (day(0), bad.key)], day(2), span)


def test_the_same_cause_has_the_same_name() -> None:
    """Shares that change from check to check make no other cause; another column does."""
    nulls = found("nulls", "fatal", "a")
    one, two = (made(outcome="bad_data", reason=f"{share} % are null", decision=None) for share in (61, 62))
    assert notices.cause(one) == notices.cause(two)
    worse = nulls.model_copy(update={"observed": 0.9, "message": "90% of a are null"})
    assert notices.cause(made(findings=[nulls])) == notices.cause(made(findings=[worse])) == "nulls a"
    assert notices.cause(made(findings=[nulls])) != notices.cause(made(findings=[found("nulls", "fatal", "b")]))


def test_a_failure_is_one_piece_of_news_by_record_and_by_error() -> None:
    """The flow reports what it recorded, the service what it caught: a user hears it once."""
    (recorded,) = notices.of_check(made(outcome="failed", reason="OSError: the disk is full"), NOTIFY)
    assert notices.of_error("m", OSError("the disk is full")) == recorded


def test_drift_is_the_same_news_as_long_as_the_champion_stays() -> None:
    """Not once a check, but again under a new champion."""
    (_, one), (_, two) = (
        notices.of_check(made(check_id=c, drift_share=s), NOTIFY) for c, s in (("a", 0.6), ("b", 0.7))
    )
    _, after = notices.of_check(made(champion="4", drift_share=0.6), NOTIFY)
    assert one.key == two.key != after.key


def test_a_silence_stays_the_same_news_until_a_check_has_run() -> None:
    """How late it is changes by the minute; what is overdue does not."""
    early, later = (notices.of_silence("m", timedelta(hours=h), day(3)) for h in (2, 9))
    assert early.key == later.key != notices.of_silence("m", timedelta(hours=2), day(4)).key
    assert "2h" in early.body
    assert notices.of_hung("m", day(3), timedelta(hours=7)).key != early.key


@pytest.mark.parametrize(
    "url", ["mailto://me:hunter2@example.org", "json://host/hook?token=abc", "https://user:pw@host/x"]
)
def test_a_secret_that_is_written_out_is_refused(url: str) -> None:
    """The file is shared and stored; its secrets come from the environment."""
    with pytest.raises(ValueError, match="in plain text"):
        Notify(urls=[url])


def test_urls_reach_no_store() -> None:
    """Some URLs are secrets from end to end: the section is in no dump of the config, so not in Prefect or MLflow."""
    project = Project.model_validate(streams.config(notify={"urls": ["slack://${AAA}/${BBB}/${CCC}"], "on": ["drift"]}))
    assert project.notify.on == ("drift",)
    assert "AAA" not in f"{project.model_dump_json()}{project!r}{project.model_dump()}"
