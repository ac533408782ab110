"""What the ledger knows is durable, unique and the same for every process that opens it."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from driftloop.monitoring.errors import LedgerBroken, LedgerUnusable, UnknownRequest
from driftloop.monitoring.ledger import Ledger, Request, digest, window_key
from driftloop.monitoring.ledger.tables import stamp
from driftloop.monitoring.records import Check, CheckWindow, Outcome, Performance, Retrain, Window
from tests.together import together

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
WINDOW = Window(start=NOW - 7 * DAY, end=NOW)


def check(number: int = 1, outcome: Outcome = Outcome.STEADY, now: datetime = NOW, **more: Any) -> Check:
    window = CheckWindow(start=WINDOW.start, end=WINDOW.end, rows=9)
    known = {"model": "taxi", "check_id": f"c{number}", "reason": "made", "window": window}
    return Check(**{**known, "outcome": outcome, "now": now, **more})


def retrain(request_id: str = "r1", promoted: bool = True, **more: Any) -> Retrain:
    known = {"code": "better", "version": "2", "champion_loss": 2.0, "challenger_loss": 1.0, "reason": "made"}
    return Retrain(**{**known, "request_id": request_id, "promoted": promoted, **more})


def ask(ledger: Ledger, request_id: str = "r1", champion: str | None = "1", now: datetime = NOW) -> Retrain | None:
    return ledger.request(
        Request(request_id=request_id, model="taxi", champion=champion, window=WINDOW, now=now, reason="drift")
    )


def counted(ledger: Ledger, table: str) -> int:
    with ledger.engine.connect() as open_:
        return int(open_.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one())


def test_a_judged_check_settles_its_keys_for_good(url: str) -> None:
    """What was checked stays checked after the ledger is closed and opened again, and reads back whole."""
    with closing(Ledger(url)) as first:
        assert first.checked("k1") is None
        assert first.record(check(), ("k1", "k2"))
    with closing(Ledger(url)) as second:
        assert second.checked("k1") == second.checked("k2") == check()
        assert second.checked("k3") is None


@pytest.mark.parametrize("outcome", list(Outcome))
def test_only_a_judged_check_settles(ledger: Ledger, outcome: Outcome) -> None:
    """An early exit or a failure is recorded, and its window may be checked again."""
    assert ledger.record(check(outcome=outcome), ("k",))
    assert (ledger.checked("k") is not None) == outcome.judged
    assert [one.outcome for one in ledger.checks("taxi")] == [outcome]


def test_a_key_is_settled_once_and_nothing_is_half_written(ledger: Ledger) -> None:
    """The second check of a key is refused whole: neither its row nor its other keys are there."""
    assert ledger.record(check(1), ("k1",))
    assert not ledger.record(check(2), ("k0", "k1", "k2"))
    assert ledger.checked("k1") == check(1)
    assert ledger.checked("k0") is ledger.checked("k2") is None
    assert [one.check_id for one in ledger.checks("taxi")] == ["c1"]
    assert counted(ledger, "settled") == 1


def test_a_check_is_recorded_once(ledger: Ledger) -> None:
    """The same check again changes nothing; the same key given twice is one key."""
    assert ledger.record(check(1), ("k", "k"))
    assert not ledger.record(check(1, outcome=Outcome.HELD))
    assert ledger.checks("taxi") == [check(1)]


def test_numbers_beyond_json_are_kept(ledger: Ledger) -> None:
    """An infinite loss, which JSON cannot say, does not make the ledger unreadable."""
    observed = Performance(
        loss_name="mse", loss=math.inf, low=0, high=math.inf, rows=9, window=WINDOW, reference_loss=1.0
    )
    ledger.record(check(performance=observed), ("k",))
    assert ledger.checked("k") == check(performance=observed)
    assert ledger.history("taxi", NOW).checks[0].loss == math.inf
    ask(ledger)
    ledger.close_request(retrain(challenger_loss=math.inf))
    assert ask(ledger) == retrain(challenger_loss=math.inf)


def test_a_finished_request_gives_its_result_again(url: str) -> None:
    """Anyone who asks for a request that was trained to its end gets that end, after a restart too."""
    with closing(Ledger(url)) as first:
        assert ask(first) is None
        assert first.close_request(retrain())
    with closing(Ledger(url)) as second:
        assert ask(second) == retrain()
        assert [row["state"] for row in second.requests("taxi")] == ["promoted"]


def test_the_first_end_of_a_request_counts(ledger: Ledger) -> None:
    """A second end, and a failure that comes after the end, change nothing."""
    ask(ledger)
    assert ledger.close_request(retrain(promoted=False))
    assert not ledger.close_request(retrain(promoted=True))
    assert not ledger.fail("r1", "the process was killed")
    assert ask(ledger) == retrain(promoted=False)


def test_a_request_that_broke_off_may_be_tried_again(ledger: Ledger) -> None:
    """A failure keeps its reason and no result; the next try is the same request, asked for at its own time."""
    ask(ledger)
    assert ledger.fail("r1", "out of memory")
    (row,) = ledger.requests("taxi")
    assert (row["state"], row["error"], row["reason"], row["body"]) == ("failed", "out of memory", "drift", None)
    assert ask(ledger, now=NOW + DAY) is None
    (row,) = ledger.requests("taxi")
    assert (row["state"], row["error"], row["now"]) == ("requested", None, stamp(NOW + DAY))
    assert ledger.close_request(retrain())
    assert ask(ledger) == retrain()


@pytest.mark.parametrize("end", ["settle", "fail"])
def test_an_end_without_a_request_is_an_error(ledger: Ledger, end: str) -> None:
    """A result that belongs to no request is never lost silently."""
    with pytest.raises(UnknownRequest, match="no request 'r9' in the ledger"):
        ledger.close_request(retrain("r9")) if end == "settle" else ledger.fail("r9", "why")


def test_history_holds_what_policies_look_at(ledger: Ledger) -> None:
    """Judged checks and finished retrains come oldest first; early exits, open requests and first runs do not."""
    observed = Performance(loss_name="mae", loss=2.0, low=1.0, high=3.0, rows=9, window=WINDOW, reference_loss=1.0)
    ledger.record(check(2, now=NOW - DAY, drift_share=0.5, performance=observed))
    ledger.record(check(1, now=NOW - 2 * DAY))
    ledger.record(check(3, Outcome.NO_DATA, now=NOW - DAY))
    ledger.record(check(4, model="other"))
    for request_id, champion, end in [("a", None, True), ("b", "1", True), ("c", "2", False), ("d", "2", None)]:
        ask(ledger, request_id, champion, NOW - DAY)
        if end is not None:
            ledger.close_request(retrain(request_id, end))
    past = ledger.history("taxi", NOW)
    assert [(one.now, one.drift_share, one.loss) for one in past.checks] == [
        (NOW - 2 * DAY, None, None),
        (NOW - DAY, 0.5, 2.0),
    ]
    assert [(one.now, one.promoted) for one in past.retrains] == [(NOW - DAY, True), (NOW - DAY, False)]


def test_history_ends_at_its_moment(ledger: Ledger) -> None:
    """A replay sees what was known by then, the moment itself included, and nothing later."""
    ledger.record(check(1, now=NOW))
    ask(ledger, now=NOW)
    ledger.close_request(retrain())
    for moment, there in ((NOW - timedelta(microseconds=1), 0), (NOW, 1), (NOW + DAY, 1)):
        past = ledger.history("taxi", moment)
        assert (len(past.checks), len(past.retrains)) == (there, there)


moments = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.one_of(st.timezones(), st.none()))


@given(st.lists(moments, min_size=2))
def test_written_times_sort_as_time_does(times: list[datetime]) -> None:
    """Text order is time order, whatever the zone and with or without fractions of a second."""
    known = [when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC) for when in times]
    assert sorted(map(stamp, times)) == [stamp(when) for when in sorted(known)]


def test_models_and_checks_are_listed(ledger: Ledger) -> None:
    """Models come by name, checks newest first, and `most` cuts off the oldest."""
    for number, model in enumerate(["taxi", "air", "taxi", "taxi"]):
        ledger.record(check(number, model=model))
    assert ledger.models() == ["air", "taxi"]
    assert [one.check_id for one in ledger.checks("taxi")] == ["c3", "c2", "c0"]
    assert [one.check_id for one in ledger.checks("taxi", most=1)] == ["c3"]
    assert ledger.checks("nobody") == ledger.requests("nobody") == []


def test_a_key_names_model_window_champion_and_rows() -> None:
    """Two checks are the same only if all four are; the key is short enough for its column."""
    keys = {
        window_key("taxi", WINDOW, "1", "d"),
        window_key("air", WINDOW, "1", "d"),
        window_key("taxi", WINDOW.earlier(DAY), "1", "d"),
        window_key("taxi", WINDOW, "2", "d"),
        window_key("taxi", WINDOW, None, "d"),
        window_key("taxi", WINDOW, "1", "e"),
    }
    assert len(keys) == 6
    assert {len(key) for key in keys} == {32}
    assert window_key("taxi", WINDOW, "1", "d") == window_key("taxi", WINDOW, "1", "d")


def test_a_digest_keeps_its_parts_apart() -> None:
    """Moving a letter from one part to the next gives another name."""
    assert digest("ab", "c") != digest("a", "bc") != digest("abc")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("nonsense", "Could not parse"),
        ("mysql+pymysql://me:secret@host/db", "it is a mysql database, not SQLite or PostgreSQL"),
        ("sqlite:////proc/none/ledger.db", "No such file"),
    ],
)
def test_a_ledger_that_cannot_be_opened_reports_it(url: str, why: str) -> None:
    """A wrong URL is reported with its remedy and without its password."""
    with pytest.raises(LedgerUnusable, match=why) as caught:
        Ledger(url)
    assert "DRIFTLOOP_LEDGER_URL" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_file_that_is_not_a_database_is_reported(tmp_path: Path) -> None:
    """A damaged ledger is named, with the backup as its remedy, and left as it is."""
    file = tmp_path / "ledger.db"
    file.write_bytes(b"this is no database" * 100)
    with pytest.raises(LedgerBroken, match=r"(?s)file is not a database.*backup"):
        Ledger(f"sqlite:///{file}")
    assert file.read_bytes() == b"this is no database" * 100


def test_a_ledger_with_flipped_bytes_is_damaged_and_not_away(tmp_path: Path) -> None:
    """Where the file opens and a page of it does not read, the remedy is the backup as well."""
    file = tmp_path / "ledger.db"
    with closing(Ledger(f"sqlite:///{file}")) as ledger:
        for number in range(200):
            ledger.note("taxi", "noted", {"text": "x" * 500, "number": number}, NOW)
    content = bytearray(file.read_bytes())
    for at in range(8192, len(content)):
        content[at] ^= 0x5A
    file.write_bytes(content)
    with pytest.raises(LedgerBroken, match=r"(?s)malformed.*backup"), closing(Ledger(f"sqlite:///{file}")) as ledger:
        ledger.events("taxi")


IMPORTS = "import sys; from driftloop.monitoring.ledger import Ledger\n"
OPENS = "for url in sys.argv[1:]: Ledger(url).close()"


def test_a_fresh_ledger_may_be_opened_by_many_together(empty: Callable[[], str], dialect: str) -> None:
    """Four processes that make the same ledger at the same moment all come through, time after time.

    SQLite's own switch to WAL knows no timeout: without ours one time in eight one of the four is turned away.
    """
    urls = [empty() for _ in range(25 if dialect == "sqlite" else 5)]
    together(IMPORTS, OPENS, *[urls] * 4)


WORK = """
me, ledger = int(sys.argv[1]), Ledger(sys.argv[2])
won = [n for n in range(20) if ledger.record(check(1000 * me + n), (f"own {me} {n}", f"key {n}"))]
close = lambda n: ledger.close_request(retrain(f"r{n}", version=str(me)))
first = [n for n in range(20) if ask(ledger, f"r{n}") is None and close(n)]
ends = [ask(ledger, f"r{n}").version for n in range(20)]
print(repr((won, first, ends)))
"""


def test_four_processes_together_agree(url: str) -> None:
    """On a fresh ledger every key and every request is won by exactly one process, and all see the same ends."""
    imports = IMPORTS + "from tests.monitoring.ledger.test_ledger import ask, check, retrain\n"
    answers = [eval(message) for message in together(imports, WORK, *[(me, url) for me in range(4)])]
    for part in (0, 1):
        won = [n for answer in answers for n in answer[part]]
        assert sorted(won) == list(range(20))
    assert all(answer[2] == answers[0][2] for answer in answers)
    with closing(Ledger(url)) as ledger:
        assert counted(ledger, "checks") == counted(ledger, "requests") == 20
        assert counted(ledger, "settled") == 40
        assert len(ledger.events("taxi", kinds=["retrain_requested"])) == 20
        for me, answer in enumerate(answers):
            assert all(ledger.checked(f"key {n}") == check(1000 * me + n) for n in answer[0])
            assert all(answers[0][2][n] == str(me) for n in answer[1])


ONE_WINDOW = """
ledger = Ledger(sys.argv[1])
with ledger.holding("check/taxi", waiting=lambda held: None):
    found = ledger.checked("window")
    if found is None:
        assert ask(ledger) is None
        with ledger.hold_request("r1", waiting=None) as claim:
            assert ledger.close_request(retrain(), by=claim)
        assert ledger.record(check(), ("window",))
print("judged" if found is None else "already checked")
"""


def test_eight_monitors_of_one_window_make_one_version(url: str) -> None:
    """As the flow does it: one of the eight judges and trains, and seven find its check."""
    imports = IMPORTS + "from tests.monitoring.ledger.test_ledger import ask, check, retrain\n"
    message = sorted(together(imports, ONE_WINDOW, *[[url]] * 8))
    assert message == ["already checked\n"] * 7 + ["judged\n"]
    with closing(Ledger(url)) as ledger:
        kinds = [event.kind for event in reversed(ledger.events("taxi"))]
        assert kinds == ["retrain_requested", "claimed", "promoted", "check_finished"]


def test_what_no_database_takes_is_written_all_the_same(ledger: Ledger) -> None:
    """An error's text may hold a NUL, which PostgreSQL refuses, or half a letter: the request still gets its end."""
    ask(ledger)
    assert ledger.fail("r1", "broke at \0 and \ud800")
    assert [row["error"] for row in ledger.requests("taxi")] == ["broke at \ufffd and ?"]
