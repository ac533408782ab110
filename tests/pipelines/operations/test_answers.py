"""Questions of an assistant are answered from what was recorded, over the real protocol, and nothing is changed."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from driftloop.pipelines.operations import answers
from driftloop.pipelines.operations.status import NeverChecked
from driftloop.pipelines.runtime import home
from tests.conftest import Model
from tests.streams import day, stream

ROOT = Path(__file__).resolve().parents[3]
Make = Callable[..., Model]


@pytest.fixture(scope="module")
def judged(trained: Make) -> Model:
    """A model whose inputs have drifted, checked once since."""
    made = trained(stream(input_shift_at=28))
    made.check(day(35))
    return made


def test_a_decision_is_answered_with_its_votes(judged: Model) -> None:
    """Votes with numbers and reasons, and the window that they are about."""
    found = answers.why(judged.name)
    assert found["decision"] == "wait"
    assert {vote["policy"] for vote in found["votes"]} >= {"never"}
    assert all(vote["reason"] for vote in found["votes"])
    assert found["window"]["end"].startswith("2026-02-05")


def test_changes_name_the_drifted_columns(judged: Model) -> None:
    """The two columns that moved, with score and threshold; the loss with its reference."""
    found = answers.changes(judged.name)
    names = {column["name"] for column in found["drifted_columns"]}
    assert {"amount", "speed"} <= names
    assert all(column["score"] > column["threshold"] for column in found["drifted_columns"])
    assert found["performance"]["loss"] > 0


def test_a_gain_that_was_never_measured_is_null(judged: Model) -> None:
    """No probe and no backtest so far: null, and not a number."""
    found = answers.gain(judged.name)
    assert (found["last_probe"], found["learned"]) == (None, None)
    json.dumps([answers.why(judged.name), answers.changes(judged.name), found])


def test_an_unknown_model_is_named_with_the_known_ones(judged: Model) -> None:
    """As by the command `status`."""
    with pytest.raises(NeverChecked):
        answers.why(judged.name[:-1])


def test_an_assistant_asks_by_the_protocol(judged: Model) -> None:
    """A client in another process lists the tools, all read-only, and gets the same answers; errors are answers too."""
    mcp = pytest.importorskip("mcp")
    environment = {**os.environ, "DRIFTLOOP_HOME": str(home.home()), "PYTHONPATH": str(ROOT)}
    command = mcp.StdioServerParameters(
        command=sys.executable, args=["-m", "driftloop.pipelines.cli", "mcp"], env=environment
    )

    async def talk() -> tuple[Any, Any, Any]:
        async with mcp.Client(mcp.stdio_client(command)) as client:
            tools = (await client.list_tools()).tools
            why = await client.call_tool("why_not_retrained", {"model": judged.name})
            wrong = await client.call_tool("status", {"model": "no such model"})
            return tools, why, wrong

    tools, why, wrong = asyncio.run(talk())
    assert {tool.name for tool in tools} >= {"models", "status", "history", "why_not_retrained", "expected_gain"}
    assert all(tool.annotations.read_only_hint and tool.description for tool in tools)
    assert json.loads(why.content[0].text) == json.loads(json.dumps(answers.why(judged.name)))
    assert wrong.is_error
    assert "no such model" in wrong.content[0].text
