"""A proxy of the environment is for other machines, and only if Prefect's client can use it."""

from __future__ import annotations

import logging
import os

import pytest

from driftloop.pipelines.runtime import proxies

NAMES = [f"{scheme}_proxy" for scheme in ("http", "https", "all", "no")]


@pytest.fixture
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment without proxies, put back afterwards."""
    for name in (*NAMES, *map(str.upper, NAMES)):
        monkeypatch.setenv(name, "")  # remembered, so that it is put back
        monkeypatch.delenv(name)


@pytest.mark.usefixtures("_no_proxies")
@pytest.mark.parametrize(
    ("before", "lower", "upper"),
    [
        ({}, [], []),
        ({"no_proxy": "corp.example, 10.0.0.1"}, ["corp.example", "10.0.0.1"], ["corp.example", "10.0.0.1"]),
        ({"NO_PROXY": "corp.example"}, ["corp.example"], ["corp.example"]),
        ({"no_proxy": "a.example", "NO_PROXY": "b.example"}, ["a.example"], ["b.example"]),
    ],
)
def test_no_proxy_is_asked_for_a_server_on_this_machine(
    monkeypatch: pytest.MonkeyPatch, before: dict[str, str], lower: list[str], upper: list[str]
) -> None:
    """Loopback is added to both spellings of `no_proxy`, once, and what the user has set stays."""
    for name, value in before.items():
        monkeypatch.setenv(name, value)
    proxies.exempt_loopback()
    proxies.exempt_loopback()
    loopback = ["127.0.0.1", "localhost", "::1"]
    assert os.environ["no_proxy"].split(",") == lower + loopback
    assert os.environ["NO_PROXY"].split(",") == upper + loopback


@pytest.mark.usefixtures("_no_proxies")
def test_a_user_without_any_proxy_stays_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """`*` excepts every host already."""
    monkeypatch.setenv("no_proxy", "*")
    proxies.exempt_loopback()
    assert os.environ["no_proxy"] == os.environ.get("NO_PROXY") == "*"


@pytest.mark.usefixtures("_no_proxies")
@pytest.mark.parametrize(
    "url", ["socks://ann:hush@10.0.0.1:9", "socks5h://ann:hush@10.0.0.1:9", "ftp://10.0.0.1", "http://10.0.0.1:port"]
)
def test_a_proxy_that_no_client_can_use_is_ignored_and_named(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, url: str
) -> None:
    """Prefect's client would refuse to start with it; the others stay, and no password is shown."""
    monkeypatch.setenv("ALL_PROXY", url)
    monkeypatch.setenv("https_proxy", "http://10.0.0.2:3128")
    monkeypatch.setenv("HTTP_PROXY", "10.0.0.2:3128")
    with caplog.at_level(logging.WARNING):
        proxies.drop_unusable()
    assert {name for name in NAMES if name in os.environ} == {"https_proxy"}
    assert ("ALL_PROXY" in os.environ, "HTTP_PROXY" in os.environ) == (False, True)
    assert "ALL_PROXY is ignored" in caplog.text
    assert "hush" not in caplog.text
