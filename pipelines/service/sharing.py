"""Which running service should own which model: one answer for all that know the same members. Pure.

Rendezvous hashing with a cap. Each model ranks the members that can check it by a hash of both names, and goes to the
first one that has less than its share, the number of models divided by that of members, rounded up. There is no
coordinator and no state: every process computes the same from the same members, so that their moves end as soon as
they all see the same. A wrong guess costs time, never a double check: a model is owned through its claim alone.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping


def shares(offers: Mapping[str, Collection[str]]) -> dict[str, str]:
    """Return the member that should own each model, of the models that each member can check.

    A member has at most its share where all can check the same models; a model that few can check goes to one of
    them, regardless of shares.

    >>> sorted(Counter(shares({"a": "uvwxyz", "b": "uvwxyz", "c": "uvwxyz"}).values()).values())
    [2, 2, 2]
    >>> shares({"a": "u", "b": ""})
    {'u': 'a'}
    """
    checkable = {member: frozenset(models) for member, models in offers.items()}
    models = sorted(frozenset().union(*checkable.values())) if checkable else []
    share = -(-len(models) // len(checkable)) if checkable else 0
    owned: Counter[str] = Counter()
    found = {}
    for model in models:
        ranked = sorted((one for one in checkable if model in checkable[one]), key=lambda one: _rank(model, one))
        found[model] = next((one for one in ranked if owned[one] < share), ranked[0])
        owned[found[model]] += 1
    return found


def _rank(model: str, member: str) -> bytes:
    return hashlib.blake2b(f"{model}\x1f{member}".encode(), digest_size=8).digest()
