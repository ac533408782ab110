"""Losses of labeled rows add up to the same in any pieces and in any order of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.records import Window
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.flows.labeled_losses import Losses
from tests import streams
from tests.streams import day

SPAN = Window(start=day(0), end=day(10))


def added(pieces: list[pd.DataFrame], project: Project) -> Losses:
    """The losses of pieces, all predicted as 1."""
    losses = Losses(project, SPAN, sum(map(len, pieces)))
    for piece in pieces:
        losses.add(losses.of(piece, np.ones(len(piece)), (), np.ones(len(piece), dtype=bool)))
    return losses


def rows() -> pd.DataFrame:
    return streams.stream(days=14, a_day=12)


def test_the_mean_is_that_of_labeled_rows_of_the_span() -> None:
    """Rows after the span and rows without a label do not count."""
    project = Project.model_validate(streams.config())
    frame = rows()
    frame.loc[frame.index[:20], "y"] = np.nan
    losses = added([frame], project)
    known = frame[(frame["ts"] < pd.Timestamp(SPAN.end)) & frame["y"].notna()]
    found = losses.labelled
    assert found == SPAN
    assert np.concatenate(losses.losses) == pytest.approx((known["y"] - 1).abs().to_numpy())
    assert losses.order() is None


def test_pieces_in_any_order_are_put_in_order_of_time() -> None:
    """The order sorts all rows by time, whatever came first."""
    project = Project.model_validate(streams.config())
    frame = rows()
    first, second = frame.iloc[:60], frame.iloc[60:]
    straight, turned = added([first, second], project), added([second, first], project)
    order = turned.order()
    assert straight.order() is None
    assert order is not None
    assert np.concatenate(turned.losses)[order] == pytest.approx(np.concatenate(straight.losses))


def test_rows_without_a_prediction_have_no_loss() -> None:
    """A model elsewhere may not have scored every row."""
    project = Project.model_validate(streams.config())
    frame = rows()
    scored = np.arange(len(frame)) % 2 == 0
    part = Losses(project, SPAN, len(frame)).of(frame, np.ones(len(frame)), (), scored)
    assert len(part.losses) == int((scored & (frame["ts"] < pd.Timestamp(SPAN.end)).to_numpy()).sum())


def test_without_labels_there_is_nothing_to_measure() -> None:
    """No loss, no metric, no slice."""
    project = Project.model_validate(streams.config())
    frame = rows().assign(y=np.nan)
    losses = added([frame], project)
    assert len(np.concatenate(losses.losses)) == 0
    assert losses.discovered() == ((), ())


def test_a_failed_search_for_slices_is_a_finding() -> None:
    """It explains a check and decides nothing: the check goes on, and the finding names the error."""
    project = Project.model_validate(streams.config(slices=["city", {"discover": True}]))
    losses = added([streams.stream(days=14, a_day=240)], project)
    assert losses.search is not None
    assert losses.discovered()[1] == ()
    losses.search.lost[0] = losses.search.lost[0][:-7]
    found, (finding,) = losses.discovered()
    assert (found, finding.code, finding.severity) == ((), "slices_not_searched", "warning")
    assert "no slices were searched for: IndexError: " in finding.message


def test_discovered_slices_are_weighted() -> None:
    """Rows of one city lose most, and count for nearly nothing: without weights they are found, with them not."""
    frame = streams.stream(days=14, a_day=240)
    rome = frame["city"] == "rome"
    noise = np.random.default_rng(1).exponential(1.0, len(frame)) + 1
    frame = frame.assign(y=1 + noise * np.where(rome, 6, 1), w=np.where(rome, 1e-6, 1.0))
    found = {}
    for weight in (None, "w"):
        project = Project.model_validate(streams.config(slices=[{"discover": True}], columns__weight=weight))
        found[weight] = [each.where for each in added([frame], project).discovered()[0]]
    assert found == {None: ["city = 'rome'"], "w": []}
