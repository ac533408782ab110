"""Files of the site and of reports are sent, and no other file of the machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from driftloop.pipelines.service.pages import page


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state folder with a site, a report and secrets next to them."""
    root = tmp_path / "state"
    for name in ("site/models/größe 1.html", "site/index.html", "reports/taxi/20260101T0000_a.html", "site/notes.txt"):
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"<title>{name}</title>", "utf-8")
    (root / "ledger.db").write_text("secret")
    (tmp_path / "outside.html").write_text("secret")
    (root / "site" / "link.html").symlink_to(tmp_path / "outside.html")
    (root / "site" / "folder.html").mkdir()
    return root


def test_pages_are_sent_with_their_type(state: Path) -> None:
    """Bytes, type and headers; the index is where `/` leads, also by the name of the folder alone."""
    found = page(["site", "models", "größe 1.html"], state)
    assert (found.status, found.kind) == (200, "text/html; charset=utf-8")
    assert "größe 1" in found.body.decode()
    assert found.headers["X-Content-Type-Options"] == "nosniff"
    assert page(["reports", "taxi", "20260101T0000_a.html"], state).status == 200
    assert page([], state).headers["Location"] == "/site/index.html"
    assert page(["site"], state).body == page(["site", "index.html"], state).body


@pytest.mark.parametrize(
    "parts",
    [
        ["ledger.db"],
        ["site", "..", "ledger.db"],
        ["site", "../ledger.db"],
        ["site", "..", "..", "outside.html"],
        ["site", "link.html"],
        ["site", "folder.html"],
        ["site", "notes.txt"],
        ["site", "/etc/passwd"],
        ["reports", "taxi"],
        ["reports"],
        ["site", "\0.html"],
        ["site", "x" * 5000 + ".html"],
    ],
)
def test_nothing_else_is(state: Path, parts: list[str]) -> None:
    """Neither by `..`, a link, an absolute name, another ending nor a name that no file can have."""
    found = page(parts, state)
    assert found.status == 404
    assert b"secret" not in found.body


def test_a_service_before_its_first_check_explains_the_missing_page(tmp_path: Path) -> None:
    """The next step is in the answer."""
    assert "the first check writes it" in json.loads(page(["site", "index.html"], tmp_path).body)["error"]
