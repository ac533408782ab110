"""The running services of the ledger, for `driftloop status` and `driftloop doctor`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from driftloop.monitoring.errors import listed
from driftloop.monitoring.ledger import holders
from driftloop.monitoring.ledger.members import Member, View


def owner(view: View, model: str) -> dict[str, Any]:
    """Return the process that checks a model, and whether a running service could check it and none does."""
    found = view.owners.get(model)
    if found is None:
        return {"owner": None, "unowned": any(model in one.models for one in view.members)}
    host, pid = holders.named(found.holder)
    moments = {"since": found.since.isoformat(), "until": found.until.isoformat()}
    return {"owner": {"host": host, "pid": pid, **moments}, "unowned": False}


def footer(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield the lines below the table of models: which service checks how many, and which models none checks."""
    rows = list(rows)
    counts = Counter("{host} (pid {pid})".format(**row["owner"]) for row in rows if row.get("owner"))
    if counts:
        yield "services: " + ", ".join(f"{name} checks {_models(count)}" for name, count in sorted(counts.items()))
    if unowned := [row["model"] for row in rows if row.get("unowned")]:
        yield f"no service checks {listed(unowned)}: `driftloop doctor` and the log of each service show why"


def problems(view: View) -> Iterator[str]:
    """Yield what does not fit together between the running services, one sentence each."""
    if unowned := sorted({model for one in view.members for model in one.models} - view.owners.keys()):
        yield f"no service checks {listed(unowned)}: a service that can check it takes it within seconds, or logs why"
    for model in sorted({model for one in view.members for model in one.models}):
        of = [one for one in view.members if model in one.models]
        if len({one.models[model] for one in of}) > 1:
            names = "; ".join(f"{name(one)}: {one.models[model][:8]}" for one in of)
            yield f"the config of {model} is not the same in all services ({names}): use the same file everywhere"
    versions = {one.version for one in view.members}
    if len(versions) > 1:
        names = "; ".join(f"{name(one)}: {one.version}" for one in view.members)
        yield f"the services are of several versions of driftloop ({names}): upgrade the older ones"


def running(view: View) -> str:
    """Return the running services and how many models each of them checks, as one sentence."""
    counts = Counter(found.holder for found in view.owners.values())
    return ", ".join(
        f"{name(one)} checks {_models(counts[one.holder])} since {one.since:%Y-%m-%d %H:%M} UTC" for one in view.members
    )


def name(member: Member) -> str:
    """Return host and pid of a service."""
    return "{} (pid {})".format(*holders.named(member.holder))


def _models(count: int) -> str:
    return f"{count:,} model{'' if count == 1 else 's'}"
