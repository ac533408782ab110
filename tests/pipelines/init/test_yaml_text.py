"""Names, lists and expressions come back from YAML as they went in."""

from __future__ import annotations

import pytest
import yaml

from driftloop.pipelines.init.yaml_text import expression, name_list, one_line, quoted


@pytest.mark.parametrize("text", ["fare", "no", "2013", "a: b", "a #b", "Umsatz €", "'", '"', "null", "- x"])
def test_text_stays_text(text: str) -> None:
    """Words of YAML, numbers, marks and comments included."""
    assert yaml.safe_load(f"key: {quoted(text)}") == {"key": text}
    assert yaml.safe_load(f"key: {name_list([text, 'b'])}") == {"key": [text, "b"]}
    assert yaml.safe_load(f"key: {expression(text)}") == {"key": text}
    assert one_line("a\n  b") == "a b"
