"""The description has a path per model, with the columns that its version needs."""

from __future__ import annotations

from collections.abc import Callable

from driftloop.pipelines.scoring.champions import Place
from driftloop.pipelines.scoring.loaded import Loaded
from driftloop.pipelines.scoring.openapi import described
from tests.pipelines.scoring.conftest import HOUR


def test_columns_are_described(make_loaded: Callable[..., Loaded]) -> None:
    """Features are required, time and id optional; a derived column is replaced by what it is derived from."""
    plain, derived = make_loaded("binary", columns__id="order"), make_loaded(**HOUR)
    places = {
        "plain": Place(plain.project, "serving", plain),
        "derived": Place(derived.project, "serving", derived),
        "none": Place(derived.project, "no_champion"),
    }
    found = described(places, with_token=True)
    assert set(found["paths"]) == {"/predict/plain", "/predict/derived", "/health", "/ready", "/metrics"}

    def row(model: str) -> dict[str, object]:
        content = found["paths"][f"/predict/{model}"]["post"]["requestBody"]["content"]
        return dict(content["application/json"]["schema"]["items"])

    assert row("plain")["required"] == ["amount", "speed", "city", "kind"]
    assert list(row("plain")["properties"]) == ["amount", "speed", "city", "kind", "ts", "order"]  # type: ignore[call-overload]
    assert row("derived")["required"] == ["amount", "speed", "city", "kind", "ts"]
    assert found["paths"]["/predict/plain"]["post"]["security"] == [{"token": []}]
    assert "security" not in found["paths"]["/health"]["get"]
    assert "securitySchemes" not in described(places, with_token=False)["components"]
