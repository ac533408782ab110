"""Triggers are put into a YAML without touching anything else, or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from driftloop.monitoring.errors import ConfigError
from driftloop.pipelines.backtest.writing import as_yaml, with_triggers, write
from driftloop.pipelines.config.project import load
from tests import streams

NEW: list[dict[str, Any]] = [
    {"policy": "recoverable_loss", "cost": {"retrain": 0.3}},
    {"policy": "max_age", "max_age_days": 90},
]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("model: a # x\n", "model: a # x\npolicies:\n  triggers:\n    - {policy: periodic}\n"),
        ("model: a", "model: a\npolicies:\n  triggers:\n    - {policy: periodic}\n"),
        ("policies:\nmodel: a\n", "policies:\n  triggers:\n    - {policy: periodic}\nmodel: a\n"),
        ("policies: {}\nmodel: a\n", "policies: {triggers: [{policy: periodic}]}\nmodel: a\n"),
        ("policies: {guards: []} # g\n", "policies: {triggers: [{policy: periodic}], guards: []} # g\n"),
        (
            "policies: {triggers: [{policy: never}], guards: []}\n",
            "policies: {triggers: [{policy: periodic}], guards: []}\n",
        ),
        ("policies:\n  # why\n  guards: []\n", "policies:\n  # why\n  triggers: [{policy: periodic}]\n  guards: []\n"),
        (
            "policies:\n  triggers:   # ours\n  - policy: never   # old\n  # kept\n  guards: []\n",
            "policies:\n  triggers:   # ours\n  - {policy: periodic}\n  # kept\n  guards: []\n",
        ),
        (
            "policies:\n  triggers:\n    - {policy: never} # b\n    - policy: periodic\n      every: 3\n\nmodel: a\n",
            "policies:\n  triggers:\n    - {policy: periodic}\n\nmodel: a\n",
        ),
        ("policies:\r\n  triggers: [{policy: never}]\r\n", "policies:\r\n  triggers: [{policy: periodic}]\r\n"),
        ("model: a\r\n", "model: a\r\npolicies:\r\n  triggers:\r\n    - {policy: periodic}\r\n"),
    ],
)
def test_only_the_triggers_change(before: str, after: str) -> None:
    """Every other byte stays, in block and flow style, with remarks, blank lines and line ends of Windows."""
    assert with_triggers(before, [{"policy": "periodic"}]) == after
    assert yaml.safe_load(after)["policies"]["triggers"] == [{"policy": "periodic"}]


def test_a_file_is_replaced_in_one_step(tmp_path: Path) -> None:
    """The model has the new triggers, its remarks and rights stay, and nothing is left next to it."""
    file = streams.write(tmp_path, policies__guards=[{"policy": "cooldown", "days": 3}])
    file.write_text("# ours: keep\n" + file.read_text())
    os.chmod(file, 0o640)
    write(file, NEW)
    made = load(file)
    assert [one.policy for one in made.policies.triggers] == ["recoverable_loss", "max_age"]
    assert [one.policy for one in made.policies.guards] == ["cooldown"]
    assert file.read_text().startswith("# ours: keep\n")
    assert file.stat().st_mode & 0o777 == 0o640
    assert [one.name for one in tmp_path.iterdir()] == [file.name]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """The file behind it is changed."""
    file = streams.write(tmp_path)
    link = tmp_path / "link.yaml"
    link.symlink_to(file)
    write(link, NEW)
    assert link.is_symlink()
    assert load(file).policies.triggers[0].policy == "recoverable_loss"


def test_what_cannot_be_edited_safely_is_left_unchanged(tmp_path: Path) -> None:
    """An anchor elsewhere: the file stays as it was, and the message has what to paste."""
    file = streams.write(tmp_path)
    tricky = file.read_text().replace("triggers:\n  - policy: performance_drop\n", "triggers: *mine\n")
    file.write_text("training: &unused\n" if tricky == file.read_text() else tricky)
    text = "x: &mine\n- policy: never\n" + file.read_text()
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        write(file, NEW)
    assert "cannot be edited safely" in caught.value.found
    assert as_yaml(NEW) in caught.value.remedy
    assert file.read_text() == text


def test_the_block_to_paste_loads(tmp_path: Path) -> None:
    """What is shown is a valid part of a config."""
    block = yaml.safe_load(as_yaml(NEW))
    made = load(streams.write(tmp_path, policies=block["policies"]))
    assert [one.policy for one in made.policies.triggers] == ["recoverable_loss", "max_age"]
