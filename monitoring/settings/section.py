"""What every block of the YAML is: closed and frozen. No block of its own lives here."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """One block of the YAML: closed and frozen. No limit can be `.nan`, and no error repeats a value or a secret."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, hide_input_in_errors=True, str_max_length=100_000
    )
