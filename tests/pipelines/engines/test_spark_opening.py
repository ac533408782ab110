"""What keeps a session of Spark from being opened: each is an error with the fix, in time."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import pytest

from driftloop.monitoring.errors import EngineUnavailable, ExtraMissing
from driftloop.pipelines.engines import spark_opening
from driftloop.pipelines.engines.spark import Spark
from tests.servers.ports import free_port


@pytest.mark.parametrize("address", ["local[2]", "active", "sc://127.0.0.1:1"])
def test_an_installation_without_spark_names_the_extra(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    monkeypatch.setattr(spark_opening, "SESSIONS", {})
    with pytest.raises(ExtraMissing) as missing:
        Spark(address, address, timedelta(seconds=1)).connect()
    assert "spark" in missing.value.remedy


@pytest.mark.parametrize("home", [True, False])
def test_a_machine_without_java_is_an_error_with_the_fix(
    home: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    if home:
        monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(EngineUnavailable) as missing:
        spark_opening.require_java("spark at local[2]")
    assert ("bin/java" if home else "no `java` on the path") in missing.value.found
    assert "install Java 17 or 21" in missing.value.remedy


@pytest.mark.parametrize("address", ["spark://127.0.0.1:{0},127.0.0.1:{0}", "sc://127.0.0.1:{0}/;user_id=a"])
def test_a_server_that_does_not_answer_is_an_error_in_time(address: str) -> None:
    with pytest.raises(EngineUnavailable, match=r"does not answer within 0\.5 s at 127\.0\.0\.1:\d+"):
        spark_opening.answering(address.format(free_port()), "spark", 0.5)
