"""Running services in the ledger: who lives, who owns a model, and what a late one can still do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from driftloop.monitoring.errors import LeaseLost
from driftloop.monitoring.ledger import Claim, Ledger, members
from driftloop.monitoring.ledger.tables import CLAIMS, MEMBERS, stamp
from tests.outcomes import made

ELSEWHERE = "elsewhere.0 1 1"
AGO = stamp(datetime.now(UTC) - timedelta(seconds=1))


def execute(ledger: Ledger, statement: sa.Update) -> None:
    with ledger.engine.begin() as open_:
        open_.execute(statement)


def joined(ledger: Ledger, member: str = "a", **models: str) -> members.View:
    members.join(ledger, member, "1.0", models, lease_seconds=60)
    return members.view(ledger)


def test_a_member_is_there_until_it_leaves_or_its_lease_ends(ledger: Ledger) -> None:
    """What it can check is stored once more only after a change; a dead one is removed by the next that joins."""
    found = joined(ledger, taxi="d1", bikes="d2").members[0]
    assert (found.member, found.version, dict(found.models)) == ("a", "1.0", {"bikes": "d2", "taxi": "d1"})
    changed = joined(ledger, taxi="d3").members[0]
    assert (changed.since, dict(changed.models)) == (found.since, {"taxi": "d3"})
    assert members.view(ledger, known=[changed]).members == (changed,)
    execute(ledger, MEMBERS.update().values(holder=ELSEWHERE, expires_at=AGO))
    assert members.view(ledger).members == ()
    assert [one.member for one in joined(ledger, "b").members] == ["b"]
    with ledger.engine.connect() as open_:
        assert open_.execute(sa.select(MEMBERS.c.member)).scalars().all() == ["b"]
    members.leave(ledger, "b")
    assert members.view(ledger).members == ()


def test_a_model_has_one_owner_until_it_is_given_back(ledger: Ledger) -> None:
    """Who comes second gets nothing; the others see who owns it, since when and until when."""
    claims = members.take(ledger, ["taxi", "bikes"], lease_seconds=60)
    assert sorted(claims) == ["bikes", "taxi"]
    assert members.take(ledger, ["taxi"], lease_seconds=60) == {}
    owner = members.view(ledger, ["taxi", "boats"]).owners["taxi"]
    assert (owner.holder, owner.fence) == (claims["taxi"].holder, 1)
    assert owner.since <= owner.until
    members.release(ledger, [claims["taxi"]])
    assert members.view(ledger, ["taxi", "bikes"]).owners.keys() == {"bikes"}
    again = members.take(ledger, ["taxi", "bikes"], lease_seconds=60)
    assert {model: claim.fence for model, claim in again.items()} == {"taxi": 2}


def test_a_lease_that_another_has_taken_is_neither_renewed_nor_given_back(ledger: Ledger) -> None:
    """A process that slept for longer than its lease finds its model in other hands, and records no check of it."""
    late = members.take(ledger, ["taxi"], lease_seconds=60)["taxi"]
    assert isinstance(late, Claim)
    execute(ledger, CLAIMS.update().values(expires_at=AGO))
    now = members.take(ledger, ["taxi"], lease_seconds=60)["taxi"]
    until = members.view(ledger, ["taxi"]).owners["taxi"].until
    members.renew(ledger, "a", [late], lease_seconds=900)
    members.release(ledger, [late])
    assert members.view(ledger, ["taxi"]).owners["taxi"].until == until
    with pytest.raises(LeaseLost, match="serve/taxi was lost"):
        ledger.record(made(model="taxi", check_id="late"), by=(late,))
    assert ledger.checks("taxi") == []
    assert ledger.record(made(model="taxi", check_id="right"), by=(now,))
    members.renew(ledger, "a", [now], lease_seconds=900)
    assert members.view(ledger, ["taxi"]).owners["taxi"].until > until


def test_a_lease_that_ran_out_unnoticed_is_kept(ledger: Ledger) -> None:
    """No process took the model meanwhile: it stays where it is, under the same fence."""
    claim = members.take(ledger, ["taxi"], lease_seconds=60)["taxi"]
    execute(ledger, CLAIMS.update().values(expires_at=AGO))
    assert members.view(ledger, ["taxi"]).owners == {}
    members.renew(ledger, "a", [claim], lease_seconds=60)
    assert members.view(ledger, ["taxi"]).owners["taxi"].fence == claim.fence
