"""A person's word on a challenger that waits for approval, whichever way it came in."""

from __future__ import annotations

from contextlib import closing

from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.records import Record
from driftloop.pipelines import site
from driftloop.pipelines.registry import promotion
from driftloop.pipelines.runtime import home


class Answer(Record):
    """What was done on that word. `previous` is the version that left, `site` what went wrong with the pages."""

    model: str
    version: str
    promoted: bool
    previous: str | None
    said: str
    site: str | None = None


def answer(model: str, version: str, decline: str | None = None) -> Answer:
    """Let the waiting challenger take over, or with `decline`, which says why, send it away."""
    with closing(Ledger(home.ledger_url())) as ledger:
        if decline is not None:
            promotion.decline(ledger, model, version, decline)
            left, said = None, f"{model}: version {version} was declined ({decline}); the champion stays"
        else:
            left, _ = promotion.approve(ledger, model, version)
            said = f"{model}: version {version} is champion, with its reference"
            said += f"; version {left} is previous" if left else ""
    wrong = site.rewrite(model)
    return Answer(model=model, version=version, promoted=decline is None, previous=left, said=said, site=wrong)
