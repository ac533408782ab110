"""What every block of the YAML is: closed and frozen. No block of its own lives here."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """One block of the YAML: closed and frozen. No limit can be `.nan`, which no number ever reaches."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
