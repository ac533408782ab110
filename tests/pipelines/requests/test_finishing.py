"""What happens to a stored model after the gate: registered once, loaded back, then promoted, rejected or held back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from driftloop.monitoring.errors import LeaseLost, StoredModelDiffers, TrainingImpossible
from driftloop.monitoring.ledger import Claim, Kind, Ledger, Progress, Request, ShadowVerdict, SwitchBack
from driftloop.monitoring.records import Retrain, Window
from driftloop.monitoring.records import changed as replaced
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import Project, load
from driftloop.pipelines.registry import CHALLENGER, CHAMPION, PREVIOUS, SHADOW, Stored, Version, promotion
from driftloop.pipelines.requests import finishing
from driftloop.pipelines.requests.work import Work
from driftloop.pipelines.runtime import home
from tests import streams
from tests.registered import registered, stored
from tests.streams import day

WINDOW = Window(start=day(1), end=day(8))
Begin = Callable[..., tuple[Work, Progress]]


@pytest.fixture
def ledger(_home: Path) -> Iterator[Ledger]:
    with closing(Ledger(home.ledger_url())) as opened:
        yield opened


@pytest.fixture
def begin(ledger: Ledger, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Begin]:
    """Claims a request of a model whose version 1 serves; gives it with a stored model that has beaten version 1."""
    name = f"finishing-{abs(hash(request.node.name)) % 10**8}"
    first = registered(name)
    note = {"version": first.number}
    promotion.promote(
        ledger, first, instead_of=None, by=None, close_request=lambda: ledger.note(name, Kind.PROMOTED, note, day(0))
    )
    held = ExitStack()

    def make(
        request_id: str = "r",
        switch: SwitchBack | None = None,
        *,
        champion: str | None = "1",
        lost: bool = False,
        **settings: Any,
    ) -> tuple[Work, Progress]:
        config = load(streams.write(tmp_path, model=name, **settings))
        asked = Request(
            request_id=f"{name}-{request_id}",
            model=name,
            champion=champion,
            window=WINDOW,
            now=day(8),
            reason="loss rose",
            switch=switch,
        )
        ledger.request(asked)
        claim = held.enter_context(ledger.hold_request(asked.request_id, waiting=None))
        assert isinstance(claim, Claim)
        if lost:
            held.close()
            held.enter_context(ledger.hold_request(asked.request_id, waiting=None))
        run_id, made = stored(name)
        return Work(config, asked, ledger, claim), _progress(run_id, made, asked.request_id)

    with held:
        yield make


def _progress(run_id: str, made: Stored, request_id: str) -> Progress:
    return Progress(
        run_id=run_id,
        code="better",
        reason="challenger mae 5, champion 7",
        against="1",
        champion_loss=7.0,
        challenger_loss=5.0,
        model_id=made.model_id,
        sealed=made.sealed,
        tags={"driftloop.request_id": request_id},
    )


def as_fitted(config: Project, version: Version) -> None:
    """The stored version predicts what the fitted model did."""


def differs(config: Project, version: Version) -> None:
    raise StoredModelDiffers(f"version {version.number}", 3, 50)


def aliases(model: str) -> dict[str, str | None]:
    found = {alias: registry.aliased(model, alias) for alias in (CHAMPION, PREVIOUS, CHALLENGER)}
    return {alias: version.number if version else None for alias, version in found.items()}


def result(work: Work) -> Retrain | None:
    return work.ledger.result(work.request.request_id)


def tags(work: Work, number: str) -> dict[str, str]:
    return next(one.tags for one in registry.versions(work.config.model) if one.number == number)


def test_a_proven_challenger_is_promoted_once(begin: Begin) -> None:
    """The result carries the numbers of the gate; to finish it again registers no second version and moves nothing."""
    work, progress = begin()
    done = finishing.finish(work, progress, prove=as_fitted, rejudge=None)
    assert (done.promoted, done.version, done.code) == (True, "2", "better")
    assert (done.champion_loss, done.challenger_loss, done.mlflow_run_id) == (7.0, 5.0, progress.run_id)
    assert aliases(work.config.model) == {CHAMPION: "2", PREVIOUS: "1", CHALLENGER: None}
    assert result(work) == done
    assert finishing.finish(work, progress, prove=as_fitted, rejudge=None) == done
    assert [one.number for one in registry.versions(work.config.model)] == ["2", "1"]


def test_a_version_that_predicts_something_else_is_rejected(begin: Begin) -> None:
    """The error goes to the caller; the version keeps the reason in its tags, and the champion stays."""
    work, progress = begin()
    with pytest.raises(StoredModelDiffers):
        finishing.finish(work, progress, prove=differs, rejudge=None)
    done = result(work)
    assert done is not None
    assert (done.promoted, done.code, done.version) == (False, "broken", "2")
    assert tags(work, "2")["driftloop.rejected"].startswith("broken: ")
    assert aliases(work.config.model)[CHAMPION] == "1"


def test_under_manual_promotion_it_waits_for_approval(begin: Begin) -> None:
    """The reason names the command; a newer one supersedes it."""
    work, progress = begin(promotion="manual")
    done = finishing.finish(work, progress, prove=as_fitted, rejudge=None)
    model = work.config.model
    assert (done.promoted, done.code) == (False, "awaiting_approval")
    assert done.reason.endswith(f"waits for approval: `driftloop promote {model} 2`")
    assert aliases(model) == {CHAMPION: "1", PREVIOUS: None, CHALLENGER: "2"}
    newer, after = begin("newer", promotion="manual")
    finishing.finish(newer, after, prove=as_fitted, rejudge=None)
    assert aliases(model)[CHALLENGER] == "3"
    assert tags(work, "2")["driftloop.rejected"].startswith("superseded: version 3")


def test_a_challenger_is_in_shadow_until_its_verdict(begin: Begin) -> None:
    """With a verdict it is promoted or declined, and with manual promotion it waits for approval after the proof."""
    work, progress = begin(promotion={"shadow": 2})
    model = work.config.model
    done = finishing.finish(work, progress, prove=as_fitted, rejudge=None)
    assert (done.promoted, done.code, result(work)) == (False, "shadowing", done)
    assert done.reason.endswith("in shadow of version 1 for up to 2 labeled windows (promotion.shadow)")
    assert (aliases(model)[CHAMPION], registry.aliased(model, SHADOW)) == ("1", registry.versions(model)[0])
    newer, after = begin("newer", promotion={"shadow": 2})
    finishing.finish(newer, after, prove=as_fitted, rejudge=None)
    assert tags(work, "2")["driftloop.rejected"].startswith("superseded: version 3")
    bad = ShadowVerdict(promote=False, code="shadow_declined", reason="proven worse")
    assert newer.ledger.judge_shadow(newer.request, replaced(after, verdict=bad))
    ended = finishing.finish(newer, replaced(after, verdict=bad), prove=as_fitted, rejudge=None)
    assert (ended.code, ended.promoted, registry.aliased(model, SHADOW)) == ("shadow_declined", False, None)
    good = ShadowVerdict(promote=True, code="shadow_proven", reason="proven to be better")
    for name, mode, code, serves in (("m", "manual", "awaiting_approval", "1"), ("a", "automatic", "better", "5")):
        last, known = begin(name, promotion={"shadow": 2, "mode": mode})
        finishing.finish(last, known, prove=as_fitted, rejudge=None)
        assert last.ledger.judge_shadow(last.request, replaced(known, verdict=good))
        ended = finishing.finish(last, replaced(known, verdict=good), prove=as_fitted, rejudge=None)
        assert (ended.code, aliases(model)[CHAMPION]) == (code, serves)
        assert registry.aliased(model, SHADOW) is None


def test_the_first_champion_has_no_shadow(begin: Begin) -> None:
    """There is nothing to compare it with."""
    work, progress = begin(promotion={"shadow": 2}, champion=None)
    registry.unpoint(work.config.model, CHAMPION)
    done = finishing.finish(work, replaced(progress, against=None), prove=as_fitted, rejudge=None)
    assert (done.promoted, aliases(work.config.model)[CHAMPION]) == (True, "2")


def moved(work: Work) -> None:
    """Another version becomes champion while this one is trained."""
    other = registered(work.config.model)
    note = {"version": other.number}
    done = promotion.promote(
        work.ledger,
        other,
        instead_of=registry.champion(work.config.model).number,
        by=None,
        close_request=lambda: work.ledger.note(work.config.model, Kind.PROMOTED, note, day(2)),
    )
    assert done


def test_a_champion_that_changed_meanwhile_stays_without_a_second_comparison(begin: Begin) -> None:
    """A finisher after a crash has no rows to compare on: the new champion stays, and the reason names it."""
    work, progress = begin()
    moved(work)
    done = finishing.finish(work, progress, prove=as_fitted, rejudge=None)
    assert (done.promoted, done.code) == (False, "champion_changed")
    assert "the champion changed meanwhile to version 2, which stays" in done.reason
    assert aliases(work.config.model)[CHAMPION] == "2"


@pytest.mark.parametrize("passed", [True, False])
def test_a_challenger_is_compared_with_the_new_champion(begin: Begin, passed: bool) -> None:
    """It takes over from the new champion if it beats that one too; otherwise it is rejected with the second result."""
    work, progress = begin()
    moved(work)
    against: list[str | None] = []

    def rejudge(now: Version | None, before: Progress) -> tuple[bool, Progress]:
        assert now is not None
        against.append(now.number)
        return passed, replaced(before, against=now.number, champion_loss=6.0, reason="challenger mae 5, champion 6")

    done = finishing.finish(work, progress, prove=as_fitted, rejudge=rejudge)
    assert (against, done.promoted, done.champion_loss) == (["2"], passed, 6.0)
    assert done.code == ("better" if passed else "champion_changed")
    assert aliases(work.config.model)[CHAMPION] == ("3" if passed else "2")


def test_a_champion_that_changes_each_time_ends_the_attempts(begin: Begin) -> None:
    """After three comparisons with three champions the challenger is rejected; nothing loops for ever."""
    work, progress = begin()
    moved(work)
    seconds: list[str | None] = []

    def rejudge(now: Version | None, before: Progress) -> tuple[bool, Progress]:
        assert now is not None
        seconds.append(now.number)
        moved(work)
        return True, replaced(before, against=now.number)

    done = finishing.finish(work, progress, prove=as_fitted, rejudge=rejudge)
    assert (done.promoted, done.code, len(seconds)) == (False, "champion_changed", finishing.TRIES)
    assert done.reason == f"the champion changed {finishing.TRIES} times during training"


def test_a_claim_that_was_lost_moves_nothing(begin: Begin) -> None:
    """Another process holds the request now: no version, no alias, no result of this one."""
    work, progress = begin(lost=True)
    with pytest.raises(LeaseLost):
        finishing.finish(work, progress, prove=as_fitted, rejudge=None)
    assert [one.number for one in registry.versions(work.config.model)] == ["1"]
    assert (aliases(work.config.model)[CHAMPION], result(work)) == ("1", None)


SWITCH = SwitchBack(version="1", loss=5.0, champion_loss=7.0)


def test_a_switch_moves_the_alias_to_the_former_champion(begin: Begin) -> None:
    """No version is made; the losses of the comparison are in the result, and what served is `previous`."""
    work, progress = begin()
    finishing.finish(work, progress, prove=as_fitted, rejudge=None)
    work, progress = begin("back", switch=SWITCH)
    work = Work(work.config, replaced(work.request, champion="2"), work.ledger, work.claim)
    done = finishing.switch_back(work, progress.run_id, prove=as_fitted)
    assert (done.promoted, done.code, done.version) == (True, "switched_back", "1")
    assert (done.champion_loss, done.challenger_loss) == (7.0, 5.0)
    assert aliases(work.config.model) == {CHAMPION: "1", PREVIOUS: "2", CHALLENGER: None}
    assert len(registry.versions(work.config.model)) == 2


def test_a_rollback_marks_the_version_and_its_event_names_it(begin: Begin) -> None:
    """The reason is in the registry, also in the description; finishing it again changes nothing."""
    work, progress = begin()
    finishing.finish(work, progress, prove=as_fitted, rejudge=None)
    work, progress = begin("taken", switch=replaced(SWITCH, rollback=True), champion="2")
    for _ in range(2):
        done = finishing.switch_back(work, progress.run_id, prove=as_fitted)
        assert (done.promoted, done.code, done.version) == (True, "rolled_back", "1")
    model = work.config.model
    (event,) = work.ledger.events(model, kinds=(Kind.ROLLED_BACK,))
    assert (event.payload["version"], event.payload["left"]) == ("1", "2")
    assert tags(work, "2")["driftloop.taken_back"] == "loss rose"
    assert registry.client().get_model_version(model, "2").description.count("Taken back: loss rose") == 1
    assert aliases(model) == {CHAMPION: "1", PREVIOUS: "2", CHALLENGER: None}


def test_a_switch_to_a_version_that_is_gone_or_broken_changes_nothing(begin: Begin) -> None:
    """The first is no training, with what happens next; the second is recorded as broken, and raised."""
    gone, progress = begin("gone", switch=replaced(SWITCH, version="9"))
    with pytest.raises(TrainingImpossible, match="version 9 is missing in MLflow"):
        finishing.switch_back(gone, progress.run_id, prove=as_fitted)
    broken, progress = begin("broken", switch=SWITCH)
    with pytest.raises(StoredModelDiffers):
        finishing.switch_back(broken, progress.run_id, prove=differs)
    done = result(broken)
    assert done is not None
    assert (done.promoted, done.code) == (False, "broken")
    assert aliases(gone.config.model)[CHAMPION] == "1"


def test_a_switch_waits_for_approval_too(begin: Begin) -> None:
    """Under `promotion: manual` the former champion is the challenger until a user approves."""
    work, progress = begin(switch=SWITCH, promotion="manual")
    done = finishing.switch_back(work, progress.run_id, prove=as_fitted)
    assert (done.promoted, done.code) == (False, "awaiting_approval")
    assert f"`driftloop promote {work.config.model} 1`" in done.reason
