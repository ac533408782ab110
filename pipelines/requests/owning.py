"""The claims of a check: its own, and the one through which a service owns the model that it checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from driftloop.monitoring.ledger import Claim, Held, Ledger

_OWNED: ContextVar[Claim | None] = ContextVar("owned", default=None)


@contextmanager
def owning(claim: Claim) -> Iterator[None]:
    """Let the check in this block record its end only as long as the service owns the model."""
    token = _OWNED.set(claim)
    try:
        yield
    finally:
        _OWNED.reset(token)


def owned() -> Claim | None:
    """Return the claim of the service on whose behalf this check runs."""
    return _OWNED.get()


@contextmanager
def alone(model: str, ledger: Ledger, dry_run: bool, warn: Callable[..., object]) -> Iterator[tuple[Claim, ...]]:
    """Allow one check of a model at a time, on all machines. A dry run changes nothing, so it does not wait.

    The block gets the claims that the end of the check needs. `warn` logs that another check is waited for.
    """
    if dry_run:
        yield ()
        return

    def waits(held: Held) -> None:
        warn("another check of %s is running (%s): waiting for its end", model, held.holder)

    with ledger.present(), ledger.holding(f"check/{model}", waiting=waits) as claim:
        yield tuple(one for one in (claim, owned()) if isinstance(one, Claim))
