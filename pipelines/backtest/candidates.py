"""Which policies a backtest compares: well-known rules with a few parameters each, and the config's own."""

from __future__ import annotations

import typing
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from driftloop.monitoring.errors import UnknownPolicy
from driftloop.monitoring.policies import POLICIES, AnyTrigger, Policy, Trigger
from driftloop.monitoring.records import DRIFT
from driftloop.pipelines.backtest.grid import ANCHORS, GRID
from driftloop.pipelines.config.project import Policies

OWN = "config"


@dataclass(frozen=True)
class Candidate:
    """One entry of the comparison: triggers, and the guards that go with them.

    `kind` is anchor for never and always, without guards; own for the config's policies; otherwise rule.
    """

    name: str
    kind: typing.Literal["anchor", "own", "rule"]
    triggers: tuple[Policy, ...]
    guards: tuple[Policy, ...] = ()

    @property
    def looks_at_drift(self) -> bool:
        """Return whether any of its rules, at any depth and guards included, reads scores of drift."""
        return any(policy.reads & DRIFT for policy in self.group)

    @property
    def group(self) -> tuple[Policy, ...]:
        return self.triggers + self.guards


def candidates(policies: Policies, asked: Sequence[str] = (), *, cost: float = 0.2) -> tuple[Candidate, ...]:
    """The anchors, the config's own triggers, and the requested rules; by default the whole grid.

    A name selects all entries of the grid with that policy, or for the policy with its defaults where the grid has
    none; `config` for the config's own. A rule that weighs costs is given `cost`, so that its YAML shows it. What is no
    trigger, or needs parameters that are not given, raises `UnknownPolicy`.
    """
    chosen = [one for name in asked if name != OWN for one in _entries(name)] if asked else list(GRID)
    adapter: TypeAdapter[Trigger] = TypeAdapter(AnyTrigger)
    made = [Candidate(name, "anchor", (adapter.validate_python({"policy": name}),)) for name in ANCHORS]
    if not asked or OWN in asked:
        own = " + ".join(trigger.rule for trigger in policies.triggers)
        made.append(Candidate(f"{OWN}: {own}", "own", policies.triggers, policies.guards))
    for entry in chosen:
        trigger = adapter.validate_python(entry)
        name = trigger.rule
        priced = [trigger.priced(cost)]
        twin = any(one.kind == "own" and [own.priced(cost) for own in one.triggers] == priced for one in made)
        if not twin and name not in {one.name for one in made} and entry["policy"] not in ANCHORS:
            made.append(Candidate(name, "rule", (trigger.priced(cost),), policies.guards))
    return tuple(made)


def _entries(name: str) -> list[dict[str, Any]]:
    there = [entry for entry in GRID if entry["policy"] == name]
    if there:
        return there
    bare = {policy: kind for policy, kind in POLICIES.items() if kind.role == "trigger"}
    usable = {
        policy for policy, kind in bare.items() if not any(one.is_required() for one in kind.model_fields.values())
    }
    if name not in usable:
        raise UnknownPolicy(name, sorted(usable | {OWN}))
    return [{"policy": name}]
