"""From pydantic's errors to one answer, for every section of the config."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from driftloop.pipelines.config.project import Project
from driftloop.pipelines.config.refusal import EXPECTED, config_error, shown
from tests import streams

junk: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
keys = st.sampled_from(
    [
        *(name for name in Project.model_fields if name != "file"),
        "columns__numeric", "columns__derived", "columns__label_delay", "drift__columns", "drift__numeric",
        "policies__triggers", "policies__guards", "training__search", "training__params", "gate__max_loss",
        "schedule__cron", "windows__align", "source__path", "source__format", "columns__time_zone",
    ]
)  # fmt: skip


@given(keys, junk)
def test_whatever_is_written_anywhere_is_taken_or_answered(key: str, value: Any) -> None:
    """Junk at any place of the file gives an answer with a key, or a config; never another kind of failure."""
    try:
        Project.model_validate(streams.config(**{key: value}))
    except ValidationError as error:
        answer = config_error(Path("m.yaml"), error, Project)
        assert answer.found.startswith(f"m.yaml: {key.split('__', maxsplit=1)[0]}")
        assert answer.expected
        assert answer.remedy


def test_every_wording_can_be_filled() -> None:
    """No wording asks for a number that its error does not bring."""
    context = {
        "min_length": 1,
        "max_length": 9,
        "expected": "'a'",
        "expected_tags": "'a'",
        "gt": 1.0,
        "ge": 1.0,
        "lt": 1.0,
        "le": 1.0,
    }
    assert all("{" not in text.format(**context).replace("{policy:", "") for text in EXPECTED.values())


@pytest.mark.parametrize("value", ["postgres://me:hush@host/db", "mysql+x://a.b:hush@h:1/db"])
def test_no_password_is_shown(value: str) -> None:
    """A URL in the wrong place is shown without what it hides."""
    assert "hush" not in shown(value)
    assert "***" in shown(value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("source", "https://host/rows.csv?token=hush123"),
        ("source", "postgres://me:hush123@host/db"),
        ("columns__numeric", "https://host/rows.csv?access_token=hush123"),
        ("columns__time_zone", "https://host/?sig=hush123"),
        ("policies__triggers", ["postgres://me:hush123@host/db"]),
        ("policies__triggers", [{"policy": "https://host/?token=hush123"}]),
        ("task", "https://host/?token=hush123"),
        ("notify__urls", "slack://hush123/B/C"),
        ("notify__urls", ["slack://hush123/B/C"]),
        ("notify", "tgram://hush123"),
        ("notify__on", "slack://hush123/B/C"),
    ],
)
def test_no_secret_in_the_wrong_place_is_repeated(key: str, value: Any) -> None:
    """Neither as what was found nor in the remedy."""
    with pytest.raises(ValidationError) as caught:
        Project.model_validate(streams.config(**{key: value}))
    answer = config_error(Path("m.yaml"), caught.value, Project)
    assert "hush123" not in str(answer)


@given(junk)
def test_a_value_is_shown_on_one_short_line(value: Any) -> None:
    """However long the value, the answer stays one line."""
    assert 0 < len(shown(value)) <= 60
    assert "\n" not in shown(value)
