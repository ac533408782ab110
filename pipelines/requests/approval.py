"""Manual approval of a pending challenger, by command, API or Prefect."""

from __future__ import annotations

from contextlib import closing

from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.records import Record
from driftloop.pipelines import site
from driftloop.pipelines.registry import pending
from driftloop.pipelines.runtime import home


class Answer(Record):
    """Result of an approval. `previous` is the version that was replaced, `site` what went wrong with the pages."""

    model: str
    version: str
    promoted: bool
    previous: str | None
    message: str
    site: str | None = None


def answer(model: str, version: str, decline: str | None = None) -> Answer:
    """Promote the pending challenger, or reject it for the reason `decline`."""
    with closing(Ledger(home.ledger_url())) as ledger:
        if decline is not None:
            pending.decline(ledger, model, version, decline)
            left, message = None, f"{model}: version {version} was declined ({decline}); the champion stays"
        else:
            left, _ = pending.approve(ledger, model, version)
            message = f"{model}: version {version} is now champion, with its reference"
            message += f"; version {left} is kept as previous" if left else ""
    wrong = site.rewrite(model)
    return Answer(model=model, version=version, promoted=decline is None, previous=left, message=message, site=wrong)
