"""Versions in MLflow: one per request, found by alias, newest first."""

from __future__ import annotations

from pathlib import Path

import pytest

from driftloop.monitoring.errors import NoChampion
from driftloop.pipelines import registry
from driftloop.pipelines.registry import CHAMPION, Stored
from tests.registered import registered


@pytest.mark.usefixtures("_home")
def test_of_two_versions_of_one_request_the_first_one_stays() -> None:
    """MLflow asks again where an answer was lost on its way, and then has made two: there is one version a request."""
    made = registered("twins")
    stored = Stored(made.model_id, made.tags["driftloop.manifest_sha256"])
    for request in ("asked", "asked", "another"):
        registry.register("twins", stored, run_id=str(made.run_id), tags={"driftloop.request_id": request})
    for _ in range(2):
        found = registry.of_request("twins", "asked")
        assert found is not None
        assert found.number == "2"
    assert [one.number for one in registry.versions("twins")] == ["4", "2", "1"]
    assert registry.of_request("twins", "nobody's") is None


@pytest.mark.usefixtures("_home")
def test_an_alias_is_one_version_or_none() -> None:
    """An alias moves to the version it is given, is gone once removed, and no alias is no error; no champion is one."""
    first, second = registered("aliased"), registered("aliased")
    assert registry.aliased("aliased", CHAMPION) is None
    assert registry.aliased("never registered", CHAMPION) is None
    with pytest.raises(NoChampion, match="aliased"):
        registry.champion("aliased")
    registry.point(first, CHAMPION)
    registry.point(second, CHAMPION)
    assert registry.champion("aliased").number == second.number
    registry.unpoint("aliased", CHAMPION)
    assert registry.aliased("aliased", CHAMPION) is None


@pytest.mark.usefixtures("_home")
def test_the_description_follows_the_champion() -> None:
    """It names the version and why it serves; a description that a user wrote stays."""
    first, second = registered("described"), registered("described")
    client = registry.client()

    def description() -> str:
        return str(client.get_registered_model("described").description)

    registry.point(first, CHAMPION)
    assert description().startswith("Kept by driftloop")
    registry.point(second, CHAMPION)
    assert f"Version {second.number} serves" in description()
    registry.point(first, "previous")
    assert f"Version {second.number} serves" in description()
    client.update_registered_model("described", "Fares of the city.")
    registry.point(first, CHAMPION)
    assert description() == "Fares of the city."


@pytest.mark.usefixtures("_home")
def test_a_model_that_was_not_stored_whole_is_marked_as_failed() -> None:
    """What a run had begun to store when it broke off does not stay PENDING, and what it stored whole stays READY."""

    def broken(_: Path) -> None:
        raise OSError("disk full")

    client = registry.client()
    run = client.create_run(registry.experiment("broken off")).info.run_id
    whole = registry.store("broken off", run_id=run, fill=lambda _: None, describe=lambda *_: None, params={})
    with pytest.raises(OSError, match="disk full"):
        registry.store("broken off", run_id=run, fill=broken, describe=lambda *_: None, params={})
    registry.fail_unfinished_models(run)
    logged = client.search_logged_models([registry.experiment("broken off")], f"source_run_id = '{run}'")
    assert sorted((one.model_id == whole.model_id, str(one.status)) for one in logged) == [
        (False, "FAILED"),
        (True, "READY"),
    ]
    client.set_terminated(run)
