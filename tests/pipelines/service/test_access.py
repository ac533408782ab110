"""Who may send requests: the token, the name of the host, and the address."""

from __future__ import annotations

import base64

import pytest

from driftloop.pipelines.service.access import (
    PortTaken,
    TokenMissing,
    is_foreign,
    is_local,
    knows,
    knows_password,
    listening,
)


def test_other_machines_need_a_token() -> None:
    """An empty one is none."""
    assert is_local("127.0.0.1", None)
    assert is_local("localhost", "hush")
    assert not is_local("0.0.0.0", "hush")
    for token in (None, ""):
        with pytest.raises(TokenMissing, match="without DRIFTLOOP_TOKEN"):
            is_local("0.0.0.0", token)


def test_the_token_is_compared_whole() -> None:
    """As a bearer token or as a password, whatever the case of the scheme."""
    assert knows("bearer hush", "hush")
    assert not any(
        knows(header, "hush") for header in ("", "hush", "Bearer", "Bearer hus", "Bearer hushh", "Basic hush")
    )
    password = base64.b64encode(b"me:hush").decode()
    assert knows_password(f"Basic {password}", "hush")
    assert not any(knows_password(header, "hush") for header in ("", "Basic !", f"Bearer {password}", "Basic bWU6bm8="))


def test_another_name_of_this_machine_is_foreign() -> None:
    """As a web page would use it; where other machines may ask, any name is fine."""
    assert not is_foreign({"host": "localhost:8765"}, local=True)
    assert is_foreign({"host": "evil.example"}, local=True)
    assert is_foreign({}, local=True)
    assert not is_foreign({"host": "evil.example"}, local=False)


def test_a_taken_port_is_an_error_with_a_fix() -> None:
    """Port 0 is any free one."""
    with listening("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(PortTaken, match=f"127.0.0.1:{port}"):
            listening("127.0.0.1", port)
        with pytest.raises(PortTaken):
            listening("192.0.2.1", 0)
