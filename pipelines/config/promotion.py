"""Keys of `promotion`: who moves the champion's alias, what a challenger must prove before, and the watch after it."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from driftloop.monitoring.errors import ValidationProblem
from driftloop.monitoring.settings.limits import Share
from driftloop.monitoring.settings.section import Section

Mode = Literal["automatic", "manual"]


def _as_share(value: Any) -> Any:
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*%\s*", value) if isinstance(value, str) else None
    return float(found[1]) / 100 if found else value


Margin = Annotated[Share, BeforeValidator(_as_share, json_schema_input_type=Share | str)]
AtMostHalf = Annotated[float, Field(ge=0, le=0.5)]
Canary = Annotated[AtMostHalf, BeforeValidator(_as_share, json_schema_input_type=AtMostHalf | str)]


class Promotion(Section):
    """Promotion of a challenger that passed the gate. `promotion: manual` is short for `promotion: {mode: manual}`."""

    mode: Mode = Field(
        "automatic",
        description="manual: a challenger that passed the gate waits for `driftloop promote`, except the first one",
    )
    shadow: int = Field(
        0,
        ge=0,
        le=52,
        description="labeled windows for which a challenger that passed the gate is scored next to the champion: it is "
        "promoted once it is proven to be better, or not worse by more than `margin`; declined once proven worse, "
        "or without a proof after the last window; 0 promotes it immediately",
    )
    margin: Margin = Field(
        0.01,
        description="what a challenger in shadow may be worse by and still be promoted, as a share of the champion's "
        "reference loss; 0 promotes only what is proven to be better",
    )
    canary: Canary = Field(
        0.0,
        description="share of the requests to `driftloop score` that a challenger in shadow answers, such as `10%`, "
        "chosen by the id of the row: the same ids all the time; 0 sends it none",
    )
    watch: int = Field(
        4,
        ge=0,
        le=52,
        description="labeled windows after a promotion in which the previous champion is scored too, and serves again "
        "if the new one is proven worse; 0 switches it off",
    )

    @model_validator(mode="after")
    def _needs_a_shadow(self) -> Self:
        if self.canary and not self.shadow:
            raise ValidationProblem(
                "a shadow: it is the challenger in shadow that gets a share of the requests",
                key="canary",
                found=f"{self.canary:.0%} without a shadow",
                remedy="set shadow to a number of labeled windows, such as 3, or remove canary",
            )
        return self

    @property
    def manual(self) -> bool:
        """Whether a user approves each promotion."""
        return self.mode == "manual"


def _section(given: Any) -> Any:
    return {"mode": given} if isinstance(given, str) else given


AnyPromotion = Annotated[Promotion, BeforeValidator(_section, json_schema_input_type=Promotion | Mode)]
