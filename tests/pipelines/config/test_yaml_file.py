"""A YAML that no config means is refused with its file and line, in time that grows no faster than its length."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from driftloop.monitoring.errors import ConfigError
from driftloop.pipelines.config.project import load
from driftloop.pipelines.config.yaml_file import DEEPEST, MOST_BYTES, read_yaml
from tests import streams
from tests.work import calls

GOOD = yaml.safe_dump(streams.config(), sort_keys=False)
NEXT = GOOD.count("\n") + 1


def refused(folder: Path, text: str) -> ConfigError:
    file = folder / "m.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert caught.value.found.startswith(f"{file}: ")
    return caught.value


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("!!int many", "'many' is not a valid value of the type 'int'"),
        ("!!int ''", "'' is not a valid value of the type 'int'"),
        ("!!float 1,5", "'1,5' is not a valid value of the type 'float'"),
        ("!!bool perhaps", "'perhaps' is not a valid value of the type 'bool'"),
        ("!!timestamp soon", "'soon' is not a valid value of the type 'timestamp'"),
        ("2026-02-30", "'2026-02-30' is not a valid value of the type 'timestamp'"),
        ("9" * 5000, "a number of 5,000 characters"),
        ("1" + ":1" * 5000, "a number of 10,001 characters"),
        ("0x" + "f" * 5000, "a number of 5,002 characters"),
        ("!!float " + "9" * 5000, "a number of 5,000 characters"),
        ('"a\\0b"', "a text with a zero byte"),
        ('"a\\ud800b"', "a text with a zero byte or half a character"),
        ('"\\U7fffffff"', "cannot be read: "),
        ("[" * 5000, f"values nested more than {DEEPEST} deep"),
        ("{a: " * 5000, f"values nested more than {DEEPEST} deep"),
        ("&a [*a]", "an anchor that holds itself"),
        ("{deep: &a {b: [1, {c: *a}]}}", "an anchor that holds itself"),
    ],
)
def test_a_value_that_is_none_is_refused_with_its_line(tmp_path: Path, value: str, found: str) -> None:
    """As the error of a config, which names what was found; never as an error that no one expected."""
    error = refused(tmp_path, f"{GOOD}more: {value}\n")
    assert f"m.yaml: line {NEXT}: " in error.found or value.startswith(("[", "{"))
    assert found in error.found


def laughs(begin: str, end: str) -> str:
    lines = [f"l0: &l0 {begin}lol{end}"]
    lines += [f"l{at}: &l{at} {begin}{', '.join([f'*l{at - 1}'] * 9)}{end}" for at in range(1, 10)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    "text",
    [
        laughs("[", "]"),
        "l0: &l0 {a: 1}\n"
        + "\n".join(f"l{at}: &l{at} {{<<: [{', '.join([f'*l{at - 1}'] * 9)}]}}" for at in range(1, 10)),
        "a0: &a0 [1]\n" + "\n".join(f"a{at}: &a{at} [*a{at - 1}]" for at in range(1, 200)),
    ],
    ids=["nine laughs", "merged", "a long chain"],
)
def test_anchors_that_multiply_are_refused_immediately(tmp_path: Path, text: str) -> None:
    """A file of a thousand characters does not become a billion values."""
    begun = time.thread_time()
    assert "anchors that repeat" in (error := refused(tmp_path, text)).found or "nested more than" in error.found
    assert time.thread_time() - begun < 5


def test_anchors_that_people_use_are_taken(tmp_path: Path) -> None:
    """A section that is merged into two others, one of which is merged again."""
    (tmp_path / "m.yaml").write_text(
        "base: &base {a: 1, b: 2}\nmore: &more {<<: *base, b: 3}\nmost: {<<: [*more, *base], c: 4}\nagain: *more\n"
    )
    assert read_yaml(tmp_path / "m.yaml") == {
        "base": {"a": 1, "b": 2},
        "more": {"a": 1, "b": 3},
        "most": {"a": 1, "b": 3, "c": 4},
        "again": {"a": 1, "b": 3},
    }


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    """Data under the name of a config, say."""
    assert "bytes" in refused(tmp_path, "#" * (MOST_BYTES + 1)).found


def work(folder: Path, content: dict[str, Any]) -> int:
    (folder / "m.yaml").write_text(yaml.safe_dump(content, width=10**9))
    assert read_yaml(folder / "m.yaml") == content

    def refuse() -> None:
        with pytest.raises(ConfigError):
            load(folder / "m.yaml")

    return calls(refuse)


@pytest.mark.parametrize("many", ["keys", "columns"])
def test_many_errors_take_no_more_work_each(many: str, tmp_path: Path) -> None:
    """Unknown keys by the thousand, and features by the thousand that are named twice: four times as many take four
    times as many calls, and not sixteen.
    """
    took = []
    for size in (1000, 4000):
        names = [f"name{at}" for at in range(size)]
        content = streams.config(columns={"time": "ts", "target": names[-1], "numeric": names, "categorical": names})
        if many == "keys":
            content = {**streams.config(), **dict.fromkeys(names, 1)}
        took.append(work(tmp_path, content))
    assert took[1] < 5 * took[0], took
