"""Versions side by side."""

from __future__ import annotations

from dataclasses import replace

from driftloop.monitoring.records import Check, MetricValue, Retrain, Window
from driftloop.pipelines.site.history import Lineage, ModelHistory, Request
from driftloop.pipelines.site.versions import compared_numbers, comparison
from tests.outcomes import made
from tests.signals import performance
from tests.streams import day

VERSIONS = (
    Lineage("2", alias="champion", trained_on=(Window(start=day(7), end=day(21)),), rows=900),
    Lineage("1", trained_on=(Window(start=day(0), end=day(7)),), rows=300),
)


def check(version: str, loss: float, at: int, after: str | None = None) -> Check:
    rmse = MetricValue(metric="rmse", better="lower", value=loss * 2, reference=None, rows=100)
    return made(
        check_id=f"c{at}",
        champion=version,
        champion_after=after or version,
        performance=performance(loss),
        metrics=(rmse,),
        drift_share=0.5,
        now=day(at),
    )


def history(*checks: Check, versions: tuple[Lineage, ...] = VERSIONS) -> ModelHistory:
    end = Retrain(
        request_id="r", code="better", version="2", promoted=True, champion_loss=12.0, challenger_loss=7.0, reason="so"
    )
    request = Request("r", day(21), "promoted", "it pays", retrain=end)
    return ModelHistory("m", day(30), checks=checks, requests=(request,), versions=versions)


def test_each_version_has_what_it_measured_while_it_served() -> None:
    """The check that promoted a version measured the one before; means are over rows, metrics of the last check."""
    found = comparison(history(check("1", 10.0, 7), check("1", 12.0, 21, after="2"), check("2", 8.0, 28)))
    assert found is not None
    assert (found.numbers, found.champion) == (("1", "2"), "2")
    rows = dict(found.rows)
    assert rows["Training rows"] == ("300", "900")
    assert rows["Loss at the gate"][1] == "7"
    assert rows["Checks"] == ("2", "1")
    assert rows["Loss while it served"] == ("mae 11", "mae 8")
    assert rows["Lowest and highest loss"] == ("10 to 12", "8 to 8")
    assert rows["rmse, last check"] == ("24", "16")
    assert rows["Drifted features, on average"] == ("50%", "50%")


def test_a_champion_without_checks_is_compared_by_its_training() -> None:
    """Right after a promotion; its column has no loss of another version."""
    found = comparison(history(check("1", 12.0, 21, after="2")))
    assert found is not None
    rows = dict(found.rows)
    assert rows["Checks"] == ("1", "none yet")
    assert rows["Loss while it served"][1] == "\u2013"


def test_one_version_is_compared_with_none() -> None:
    """Nor is one with a version that the registry no longer has."""
    assert comparison(history(check("2", 8.0, 28), versions=VERSIONS[:1])) is None
    assert comparison(history(check("1", 8.0, 7), check("2", 8.0, 28), versions=VERSIONS[:1])) is None
    assert comparison(ModelHistory("m", day(1))) is None


def test_what_they_were_trained_with_and_equal_rows_are_compared() -> None:
    """Settings that are equal have no line; features that all have are not named; the gate has one loss of each."""
    old = replace(VERSIONS[1], features=("a", "b"), settings={"depth": "4", "seed": "0"}, importance={"a": 0.9})
    new = replace(VERSIONS[0], features=("a", "c"), settings={"depth": "6", "seed": "0"}, importance={"c": 0.8})
    known = history(check("1", 10.0, 7), check("2", 8.0, 28), versions=(new, old))
    known = replace(known, requests=tuple(replace(one, champion="1") for one in known.requests))
    found = comparison(known)
    assert found is not None
    rows = dict(found.rows)
    assert rows["Loss on the same rows, gate of version 2"] == ("12", "7")
    assert rows["Training: depth"] == ("4", "6")
    assert "Training: seed" not in rows
    assert rows["Features that not all have"] == ("'b'", "'c'")
    assert rows["Importance of c"] == ("\u2013", "80%")


def test_at_most_four_are_compared_with_the_version_before_among_them() -> None:
    """The champion and the previous one always, then the last that served, the oldest first."""
    aliased = (Lineage("2", alias="champion"), Lineage("1", alias="previous"))
    versions = (*(Lineage(str(n)) for n in range(12, 2, -1)), *aliased)
    checks = [check(str(n), 9.0, n) for n in (3, 9, 10, 11, 2)]
    assert compared_numbers(history(*checks, versions=versions)) == ["1", "2", "10", "11"]
