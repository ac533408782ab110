"""Delivery with a limit."""

from __future__ import annotations

import logging
import threading

import pytest

from driftloop.pipelines.telemetry.background import deliver


def test_what_is_late_goes_on_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The caller gets control back at the limit; the thread still delivers."""
    go, done = threading.Event(), threading.Event()

    def slow() -> None:
        go.wait()
        done.set()

    with caplog.at_level(logging.WARNING, "driftloop.telemetry"):
        assert not deliver("the trace was", slow, 0.05)
    assert caplog.messages == ["the trace was not delivered within 0.05 s"]
    assert not done.is_set()
    go.set()
    assert done.wait(10)


def test_an_error_is_logged_by_its_type_only(caplog: pytest.LogCaptureFixture) -> None:
    """Its text may contain an address with a secret; a refusal is logged too, and success is not."""

    def fails() -> None:
        raise ValueError("https://ann:hunter2@host")

    with caplog.at_level(logging.WARNING, "driftloop.telemetry"):
        assert not deliver("it was", fails)
        assert not deliver("it was", lambda: False)
        assert deliver("it was", lambda: None)
    assert caplog.messages == ["it was not delivered: ValueError", "it was not delivered: it was refused"]
