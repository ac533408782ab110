"""Interface of findings: a declared code creates all findings with it, and a page of the docs explains it."""

from __future__ import annotations

from dataclasses import dataclass

from driftloop.monitoring.records.base import Finding, Severity


@dataclass(frozen=True, kw_only=True)
class FindingCode:
    """One kind of finding: its name, its possible severities, what it means, what causes it and what to do.

    `compared` is False if the column cannot be compared. Each code is a constant in the file that reports it.
    """

    name: str
    severities: tuple[Severity, ...]
    meaning: str
    cause: str
    remedy: str
    compared: bool = True

    def found(
        self,
        message: str,
        *,
        severity: Severity | None = None,
        column: str | None = None,
        observed: float | None = None,
        limit: float | None = None,
    ) -> Finding:
        """Return a finding of this kind. With several severities one must be named; an undeclared one is an error.

        >>> code = FindingCode(name="nulls", severities=("fatal", "warning"), meaning="", cause="", remedy="")
        >>> code.found("12% are null", severity="fatal").code
        'nulls'
        """
        chosen = severity or self.severities[0]
        if chosen not in self.severities or (severity is None and len(self.severities) > 1):
            raise ValueError(f"a finding {self.name} is {' or '.join(self.severities)}, not {severity}")
        return Finding(code=self.name, severity=chosen, message=message, column=column, observed=observed, limit=limit)
