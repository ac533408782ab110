"""Laws of every rule of the gate; a new rule is covered once it is among the bases of `Gate`."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from driftloop.pipelines import gate
from driftloop.pipelines.gate import RULES, Evaluation, Gate, Rule, judge
from driftloop.pipelines.gate.leak import Leak
from driftloop.pipelines.requests.advice import TRY
from tests.pipelines.gate.examples import EXAMPLES, clear, evaluation, losses

CASES = [
    pytest.param(rule, *case, id=f"{rule.__name__}-{case[2]}-{at}")
    for rule in RULES
    for at, case in enumerate(EXAMPLES.get(rule.__name__, []))
]
Case = Callable[[], Evaluation]


def defined() -> dict[str, str]:
    """Every rule that a file of the package defines, and its file. `Comparison` is a base, and has no answers."""
    return {
        name: module.name
        for module in pkgutil.iter_modules(gate.__path__)
        for name, kind in vars(import_module(f"{gate.__name__}.{module.name}")).items()
        if isinstance(kind, type) and issubclass(kind, Rule) and kind.__module__.endswith(f".{module.name}")
        if not kind.__abstractmethods__
    }


def test_no_rule_is_forgotten() -> None:
    """Every rule of every file is among the bases of `Gate`, one file each, and none is there twice."""
    named = [rule.__name__ for rule in RULES]
    forgotten = {name: f"gate/{file}.py" for name, file in defined().items() if name not in named}
    assert forgotten == {}, "add them to the bases of Gate in gate/__init__.py"
    assert len(set(named)) == len(named)
    assert len(set(defined().values())) == len(named), "one rule per file"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_answer_has_an_example(rule: type[Rule]) -> None:
    """The examples of a rule give each of its declared answers at least once."""
    examples = {code for _, _, code in EXAMPLES.get(rule.__name__, [])}
    assert {answer.code for answer in rule.answers} == examples, "add it to tests/pipelines/gate/examples.py"


def test_no_key_has_two_meanings() -> None:
    """A key of the config belongs to one rule, or to the base that several share."""
    owners: dict[str, set[str]] = {}
    for rule in RULES:
        for kind in rule.__mro__:
            for name in vars(kind).get("__annotations__", {}):
                if name in Gate.model_fields:
                    owners.setdefault(name, set()).add(kind.__name__)
    assert set(owners) == set(Gate.model_fields)
    assert {name: kinds for name, kinds in owners.items() if len(kinds) > 1} == {}


@pytest.mark.parametrize(("rule", "keys", "case", "code"), CASES)
def test_the_gate_gives_the_answer_of_the_rule(rule: type[Rule], keys: dict[str, Any], case: Case, code: str) -> None:
    """The rule answers by its code, always the same, and the verdict has code and reason unchanged."""
    settings, judged = Gate.model_validate(keys), case()
    vote = rule.vote(settings, judged)
    assert vote is not None
    assert (vote.answer.code, vote.answer in rule.answers) == (code, True)
    assert rule.vote(settings, case()) == vote
    verdict = judge(judged, settings)
    assert (verdict.code, verdict.reason, verdict.passed) == (code, vote.reason, vote.answer.passes)
    assert "nan" not in vote.reason
    assert not vote.reason.endswith(".")


@pytest.mark.parametrize("first", [False, True], ids=["with a champion", "first training"])
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_no_rule_refuses_a_clear_case_by_default(rule: type[Rule], first: bool) -> None:
    """With the default keys a much better challenger is refused by no rule."""
    vote = rule.vote(Gate(), clear(first=first))
    assert vote is None or vote.answer.passes


@pytest.mark.parametrize(("rule", "keys", "case", "code"), CASES)
def test_one_refusal_is_enough(rule: type[Rule], keys: dict[str, Any], case: Case, code: str) -> None:
    """A challenger passes only if no rule refuses it."""
    settings, judged = Gate.model_validate(keys), case()
    votes = [one.vote(settings, judged) for one in RULES]
    assert judge(judged, settings).passed == all(vote is None or vote.answer.passes for vote in votes)


@pytest.mark.parametrize("answer", Gate.answers, ids=lambda answer: answer.code)
def test_every_answer_is_explained(answer: gate.Answer) -> None:
    """An answer has a meaning; a refusal states what to try, and the advice of a first training repeats it."""
    assert answer.meaning
    assert answer.passes or TRY[answer.code] == answer.remedy != ""


def test_a_gate_without_a_comparison_is_a_mistake() -> None:
    """What no rule has proven does not pass, by mistake or otherwise."""
    with pytest.raises(ValueError, match="compared nothing"):
        judge(clear(), Leak())


def test_an_answer_that_is_not_declared_is_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule cannot answer with a code that no page explains."""
    monkeypatch.setattr(RULES[0], "answers", ())
    with pytest.raises(ValueError, match="does not declare its answer 'leak'"):
        judge(clear(leaks=("paid",)), Gate())


@pytest.mark.parametrize(
    "broken",
    [
        lambda: evaluation(losses(10), losses(11)),
        lambda: evaluation(losses(10), losses(10), keys=np.arange(9, dtype=np.uint64)),
        lambda: evaluation(losses(10), losses(10), columns={"a": np.arange(11)}),
        lambda: Evaluation({"challenger": losses(1)}, np.zeros(1, np.uint64), np.zeros(1, "datetime64[s]")),
    ],
)
def test_an_evaluation_is_of_the_same_rows(broken: Case) -> None:
    """Losses, keys, times and columns that are not of the same rows are a mistake of the caller, not a verdict."""
    with pytest.raises(ValueError, match="found"):
        broken()
