"""Which candidates a backtest can compare at all, and what it does not know of the rest. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from driftloop.monitoring.errors import listed
from driftloop.monitoring.policies import Policy
from driftloop.monitoring.records import Signal
from driftloop.pipelines.backtest.candidates import Candidate
from driftloop.pipelines.backtest.replay import Replay


def applicable(candidates: Sequence[Candidate], whole: Replay) -> tuple[tuple[Candidate, ...], tuple[str, ...]]:
    """Return the candidates that could judge at some batch, and notes on those that could not or only in part.

    A policy without the signals that it reads holds at every batch. Among the others it would look like `never`.
    """
    played = {one.name: one for one in whole.policies}
    kept = tuple(one for one in candidates if played[one.name].applicable)
    notes = []
    for one in candidates:
        if one not in kept:
            asked = frozenset[Signal]().union(*(trigger.reads for trigger in one.triggers))
            lacks = [signal for signal in played[one.name].missing if signal in asked]
            why = f"a backtest does not know {listed(lacks)}" if lacks else "it could not judge at any batch"
            notes.append(f"{one.name} is not applicable, and not compared: {why}")
    missing = {signal for one in kept for signal in played[one.name].missing}
    for signal in sorted(missing):
        readers = sorted({policy.policy for one in kept for policy in _reading(one.group, signal)})
        notes.append(
            f"a backtest does not know {listed([signal])}: {listed(readers)} decides without it, or not at all"
        )
    return kept, tuple(notes)


def _reading(policies: Iterable[Policy], signal: Signal) -> Iterator[Policy]:
    """The policies, at any depth, that read a signal themselves."""
    for policy in policies:
        if policy.members:
            yield from _reading(policy.members, signal)
        elif signal in policy.reads:
            yield policy
