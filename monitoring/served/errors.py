"""Errors of a served model: what was found, what was expected, and how to fix it."""

from __future__ import annotations


class ServingError(ValueError):
    """A model that cannot be opened, or rows or answers that it cannot work with."""

    def __init__(self, found: str, *, expected: str, remedy: str) -> None:
        super().__init__(f"{found}\n  expected: {expected}\n  fix:      {remedy}")
        self.found, self.expected, self.remedy = found, expected, remedy


class NotTrusted(ServingError):
    """A file with types that are not known to be safe. Opening it could run code."""

    def __init__(self, where: str, kinds: list[str]) -> None:
        super().__init__(
            f"{where} contains {', '.join(kinds)}",
            expected="types that are known to run no code when they are opened",
            remedy="open it with driftloop, with the permission in its config (training.trusted_types, allow_pickle)",
        )
        self.where, self.kinds = where, kinds
