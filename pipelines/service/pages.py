"""The site and the reports over HTTP: files of two folders of the state folder, and no others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from driftloop.pipelines.service.replies import Reply, json_reply

# Folders of the state folder whose pages link each other by relative paths.
FOLDERS = frozenset({"site", "reports"})
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
# Pages forbid themselves everything from elsewhere; these are for what a page cannot state of itself.
SAFE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "SAMEORIGIN"}
HEADERS = {**SAFE, "Cache-Control": "no-cache"}
NO_SITE = "no check has ended yet, so there is no page; the first check writes it"


def page(parts: Sequence[str], root: Path) -> Reply:
    """Return the file of a path below the state folder `root`; `/` leads to the index of the site.

    Only files with an ending of `KINDS` within `site/` and `reports/` are sent: no link and no `..` leads out of them.
    """
    if not parts:
        return Reply(302, b"", "text/plain; charset=utf-8", {"Location": "/site/index.html", **SAFE})
    if parts[0] not in FOLDERS:
        return json_reply(404, error="there is no such page")
    folder = (root / parts[0]).resolve()
    try:
        file = folder.joinpath(*(parts[1:] or ("index.html",))).resolve()
        inside = file.is_relative_to(folder) and file.suffix in KINDS and file.is_file()
    except (OSError, ValueError):  # a name that no file can have
        inside = False
    if not inside:
        return json_reply(404, error=NO_SITE if list(parts) == ["site", "index.html"] else "there is no such page")
    return Reply(200, file.read_bytes(), KINDS[file.suffix], HEADERS)
