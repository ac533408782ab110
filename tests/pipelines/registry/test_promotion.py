"""Aliases move by comparison inside the ledger's lock, and whatever breaks off between them is restored."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from driftloop.monitoring.errors import (
    LeaseLost,
    NoChampion,
    NothingToRollBack,
    Tampered,
)
from driftloop.monitoring.ledger import Claim, Kind, Ledger
from driftloop.monitoring.records import Outcome
from driftloop.pipelines import registry
from driftloop.pipelines.cli import main
from driftloop.pipelines.registry import CHAMPION, PREVIOUS, Version, promotion
from driftloop.pipelines.runtime import failpoints
from tests.conftest import Model
from tests.pipelines.registry.conftest import Three
from tests.registered import changed, registered
from tests.streams import day, stream

Make = Callable[..., Model]
NOW = day(1)


def numbers(model: str) -> tuple[str | None, str | None]:
    """Champion and previous."""
    found = (registry.aliased(model, alias) for alias in (CHAMPION, PREVIOUS))
    return tuple(version.number if version else None for version in found)  # type: ignore[return-value]


def promote(ledger: Ledger, version: Version, instead_of: str | None, by: Claim | None = None) -> bool:
    """As a training does it: the ledger's word is that this version serves."""

    def close_request() -> None:
        ledger.note(version.model, Kind.PROMOTED, {"version": version.number}, NOW)

    return promotion.promote(ledger, version, instead_of=instead_of, by=by, close_request=close_request)


def recorded(ledger: Ledger, model: str) -> list[str]:
    return [event.kind for event in reversed(ledger.events(model))]


def test_promotion_compares_before_it_moves(three: Three, ledger: Ledger) -> None:
    """A version takes over only from the champion that it was compared with; else nothing moves at all."""
    first, second, third = three
    name = first.model
    assert not promote(ledger, first, "9")
    assert numbers(name) == (None, None)
    assert promote(ledger, first, None)
    assert numbers(name) == ("1", None)
    assert not promote(ledger, second, None)
    assert promote(ledger, second, "1")
    assert not promote(ledger, third, "1"), "a trainer with an older view"
    assert numbers(name) == ("2", "1")
    assert recorded(ledger, name) == ["promoted", "promoted"], "what did not happen is not recorded"


def test_of_many_that_want_to_replace_one_champion_one_does(three: Three, ledger: Ledger) -> None:
    """Eight at the same time compare with the same champion: MLflow alone would let each of them win."""
    first, *_ = three
    promote(ledger, first, None)
    others = [registered(first.model) for _ in range(8)]
    won: list[str] = []
    start = threading.Barrier(len(others))

    def race(version: Version) -> None:
        start.wait()
        if promote(ledger, version, "1"):
            won.append(version.number)

    racers = [threading.Thread(target=race, args=(version,)) for version in others]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert len(won) == 1
    assert numbers(first.model) == (won[0], "1")


def test_a_late_finisher_fails_on_the_fence(three: Three, ledger: Ledger) -> None:
    """Who lost its lease moves no alias and leaves no word, however right its comparison is."""
    first, *_ = three
    resource = f"request/{first.model}"
    with ledger.holding(resource, waiting=None) as late:
        pass
    with ledger.holding(resource, waiting=None) as now:
        assert isinstance(late, Claim)
        assert isinstance(now, Claim)
        with pytest.raises(LeaseLost, match="took over before attempt 1 ended"):
            promote(ledger, first, None, late)
        assert numbers(first.model) == (None, None)
        assert promote(ledger, first, None, now)


class Crash(BaseException):
    """The process ends here, as far as a test in one process can simulate it."""


def crash_at(monkeypatch: pytest.MonkeyPatch, point: str) -> None:
    def reach(name: str) -> None:
        if name == point:
            raise Crash

    monkeypatch.setattr(failpoints, "reach", reach)


def test_champion_moves_last(three: Three, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash between the two aliases leaves the old champion serving, and the promotion can be done again."""
    first, second, _ = three
    promote(ledger, first, None)
    crash_at(monkeypatch, "moved previous")
    with pytest.raises(Crash):
        promote(ledger, second, "1")
    monkeypatch.undo()
    assert numbers(first.model) == ("1", "1")
    with pytest.raises(NothingToRollBack):
        promotion.rollback(ledger, first.model, NOW)
    assert promote(ledger, second, "1")
    assert numbers(first.model) == ("2", "1")


def test_a_promotion_without_its_final_outcome_is_finished(
    three: Three, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once the alias has moved, doing it again writes the word that was missing and moves nothing."""
    first, second, _ = three
    promote(ledger, first, None)
    crash_at(monkeypatch, "moved champion")
    with pytest.raises(Crash):
        promote(ledger, second, "1")
    monkeypatch.undo()
    assert recorded(ledger, first.model) == ["promoted"]
    assert promote(ledger, second, "1")
    assert numbers(first.model) == ("2", "1")
    assert recorded(ledger, first.model) == ["promoted", "promoted"]


def test_rollback_swaps_and_can_be_taken_back(three: Three, ledger: Ledger) -> None:
    """Champion and previous change places, twice is where it was; without a previous one there is nothing to do."""
    first, second, _ = three
    with pytest.raises(NoChampion):
        promotion.rollback(ledger, first.model, NOW)
    promote(ledger, first, None)
    with pytest.raises(NothingToRollBack):
        promotion.rollback(ledger, first.model, NOW)
    promote(ledger, second, "1")
    left, serves = promotion.rollback(ledger, first.model, NOW)
    assert (left.number, serves.number, numbers(first.model)) == ("2", "1", ("1", "2"))
    promotion.rollback(ledger, first.model, NOW)
    assert numbers(first.model) == ("2", "1")
    assert recorded(ledger, first.model)[2:] == ["rolled_back", "rolled_back"]
    assert promotion.restore(ledger, first.model, NOW) is None, "what was rolled back is meant to serve"


def test_rollback_refuses_a_broken_version(three: Three, ledger: Ledger) -> None:
    """A previous version of which any file is not the registered one never comes back."""
    first, second, _ = three
    promote(ledger, first, None)
    promote(ledger, second, "1")
    with changed(registry.folder(first) / "scorer.json", b"{ }"), pytest.raises(Tampered, match=r"scorer\.json"):
        promotion.rollback(ledger, first.model, NOW)
    assert numbers(first.model) == ("2", "1")


def lose_alias(model: str) -> None:
    registry.unpoint(model, CHAMPION)


def lose_version(model: str) -> None:
    registry.client().delete_model_version(model, str(numbers(model)[0]))


@pytest.mark.parametrize(
    ("lose", "serves", "message"),
    [(lose_alias, "2", "its alias was deleted"), (lose_version, "1", "version 2 was deleted")],
)
def test_a_champion_that_was_deleted_from_outside_comes_back(
    three: Three, ledger: Ledger, lose: Callable[[str], None], serves: str, message: str
) -> None:
    """Its own version if it is still there, else the previous one; it is reported, and once."""
    first, second, _ = three
    promote(ledger, first, None)
    promote(ledger, second, "1")
    lose(first.model)
    assert numbers(first.model)[0] is None
    assert message in str(promotion.restore(ledger, first.model, NOW))
    assert numbers(first.model)[0] == serves
    assert promotion.restore(ledger, first.model, NOW) is None
    assert recorded(ledger, first.model)[2:] == ["healed"]


def test_a_broken_version_is_passed_over_when_the_champion_is_restored(three: Three, ledger: Ledger) -> None:
    """Champion deleted, previous tampered with: the one before serves, for it loads."""
    first, second, third = three
    for version, before in ((first, None), (second, "1"), (third, "2")):
        assert promote(ledger, version, before)
    lose_version(first.model)
    with changed(registry.folder(second) / "scorer.json", b"{ }"):
        assert "version 1 was restored" in str(promotion.restore(ledger, first.model, NOW))
    assert numbers(first.model)[0] == "1"


def test_a_model_that_never_served_is_not_restored(three: Three, ledger: Ledger) -> None:
    """Where the ledger knows of no champion there is none to bring back."""
    assert promotion.restore(ledger, three[0].model, NOW) is None
    assert numbers(three[0].model) == (None, None)


def test_a_champion_set_manually_is_kept_and_reported_once(three: Three, ledger: Ledger) -> None:
    """Who moves the alias in MLflow is obeyed: the history reports it, and no one moves it back."""
    first, second, _ = three
    promote(ledger, first, None)
    registry.point(second, CHAMPION)
    assert "set as champion in MLflow manually, instead of version 1" in str(
        promotion.restore(ledger, first.model, NOW)
    )
    assert promotion.restore(ledger, first.model, NOW) is None
    assert numbers(first.model)[0] == "2"
    assert recorded(ledger, first.model) == ["promoted", "champion_set"]


def test_a_rollback_that_broke_off_is_restored(three: Three, ledger: Ledger) -> None:
    """With both aliases on one version the ledger knows who served before: that one is `previous` again."""
    first, second, _ = three
    promote(ledger, first, None)
    promote(ledger, second, "1")
    registry.point(first, CHAMPION)  # as far as the rollback came
    promotion.restore(ledger, first.model, NOW)
    assert numbers(first.model) == ("1", "2")


def test_the_ledger_keeps_a_seal_of_its_own(three: Three, ledger: Ledger) -> None:
    """Anyone who changes a model and the hash next to it in MLflow is found out all the same."""
    first, *_ = three
    ledger.note(first.model, Kind.REGISTERED, {"sealed": "another", "version": "1"}, NOW, subject="1")
    with pytest.raises(Tampered, match="sha256 is different"):
        promotion.verify_identity(ledger, first)


def exchanged(ledger: Ledger, version: Version) -> None:
    """What the ledger knows of an older registry's version of the same number: that it was registered, and served."""
    old = {"version": version.number, "model_id": "m-of-an-older-registry", "request_id": "old", "sealed": "another"}
    ledger.note(version.model, Kind.REGISTERED, old, NOW, subject=version.number)
    ledger.note(version.model, Kind.PROMOTED, {"version": version.number}, NOW)


def test_a_seal_is_that_of_a_version_and_not_of_its_number(three: Three, ledger: Ledger) -> None:
    """Numbers begin at 1 again in a new registry: the seal of the older version 1 is not compared with the new one."""
    first, *_ = three
    exchanged(ledger, first)
    promotion.verify_identity(ledger, first)
    new = {"version": "1", "model_id": first.model_id, "request_id": "new", "sealed": "a third one"}
    ledger.note(first.model, Kind.REGISTERED, new, NOW, subject="1")
    with pytest.raises(Tampered, match="sha256 is different"):
        promotion.verify_identity(ledger, first)


def test_a_champion_of_another_registry_is_reported_once(three: Three, ledger: Ledger) -> None:
    """It has the number of the champion that the ledger knows, and is another version: it is kept, as set manually."""
    first, *_ = three
    exchanged(ledger, first)
    registry.point(first, CHAMPION)
    assert "is not the version 1 of the ledger" in str(promotion.restore(ledger, first.model, NOW))
    assert promotion.restore(ledger, first.model, NOW) is None
    assert numbers(first.model)[0] == "1"


def test_nothing_of_another_registry_is_brought_back(three: Three, ledger: Ledger) -> None:
    """A number that served in an older registry makes no champion of the version that has it now."""
    first, second, _ = three
    exchanged(ledger, first)
    exchanged(ledger, second)
    assert promotion.restore(ledger, first.model, NOW) is None
    assert numbers(first.model) == (None, None)
    assert "in the ledger version 2 is champion, but MLflow has neither" in str(promotion.lost(ledger, first.model))
    promote(ledger, first, None)
    assert promotion.lost(ledger, first.model) is None


def test_a_rollback_in_an_older_registry_keeps_no_new_version_away(three: Three, ledger: Ledger) -> None:
    """Version 2 was sent away there; the version 2 of now is another one and may be promoted."""
    first, second, _ = three
    exchanged(ledger, second)
    ledger.note(first.model, Kind.ROLLED_BACK, {"version": "1", "left": "2"}, NOW, subject="1")
    assert promote(ledger, first, None)
    assert promote(ledger, second, "1")


def test_a_champion_that_a_new_ledger_does_not_know_is_reported_once(trained: Make, tmp_path: Path) -> None:
    """The ledger's file was lost, or emptied: the champion stays, and the history states what is missing."""
    made = trained(training__seed=1)
    (tmp_path / "ledger.db").write_bytes(b"")
    with closing(Ledger(f"sqlite:///{tmp_path}/ledger.db")) as new:
        assert "the ledger is new, or was lost" in str(promotion.restore(new, made.name, NOW))
        assert promotion.restore(new, made.name, NOW) is None
        assert recorded(new, made.name) == ["champion_set"]


def test_a_check_restores_a_lost_champion_and_reports_it(trained: Make) -> None:
    """The alias deleted in MLflow: the next check finds it, brings it back and reports it; nothing is trained."""
    made = trained(training__seed=1)
    registry.unpoint(made.name, CHAMPION)
    with pytest.raises(NoChampion, match="alias"):
        registry.champion(made.name)
    dry = made.check(day(35), dry_run=True)
    assert (dry.outcome, dry.champion, made.champion()) == (Outcome.HELD, None, None)
    assert "the champion in the ledger is version 1: a check would restore it" in dry.reason
    again = made.check(day(35))
    assert again.outcome is Outcome.STEADY
    assert made.champion() == "1"
    (finding,) = [one for one in again.findings if one.code == "champion_restored"]
    assert "version 1 was restored" in finding.message


def test_a_better_challenger_waits_where_the_config_requires_it(model: Make) -> None:
    """The check ends as awaiting_approval, the next one trains nothing, and `driftloop promote` lets it take over."""
    made = model(
        stream(63, concept_shift_at=21),
        promotion="manual",
        drift__report_columns=1,
        training__params={"n_estimators": 10},
        training__window="14d",
        training__holdout="4d",
    )
    assert made.check(day(21)).outcome is Outcome.BOOTSTRAPPED, "without a champion there is nothing to protect"
    waits = made.check(day(42))
    assert (waits.outcome, made.champion()) == (Outcome.AWAITING_APPROVAL, "1")
    assert "driftloop promote" in waits.reason
    still = made.check(day(49))
    assert (still.outcome, len(registry.versions(made.name))) == (Outcome.AWAITING_APPROVAL, 2)
    assert "no training while version 2 waits" in still.reason
    run = CliRunner().invoke(main, ["promote", made.name, "2", "--json"])
    assert json.loads(run.stdout) == {"model": made.name, "version": "2", "promoted": True, "previous": "1"}
    assert numbers(made.name) == ("2", "1")
    assert made.check(day(56)).outcome is Outcome.STEADY
    again = CliRunner().invoke(main, ["promote", str(made.file), "2", "--decline", "too late"])
    assert (again.exit_code, "does not wait for approval" in again.output) == (1, True)
