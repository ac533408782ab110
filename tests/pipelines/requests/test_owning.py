"""The claim of a service, which its check finds in its own thread only."""

from __future__ import annotations

import threading

from driftloop.monitoring.ledger import Claim
from driftloop.pipelines.requests.owning import owned, owning


def test_a_check_finds_the_claim_of_its_service_and_no_other() -> None:
    """Two checks run in two threads; a command owns nothing."""
    result: list[Claim | None] = []
    with owning(Claim("serve/a", "me", 1)):
        other = threading.Thread(target=lambda: result.append(owned()))
        other.start()
        other.join()
        result.append(owned())
    assert [*result, owned()] == [None, Claim("serve/a", "me", 1), None]
