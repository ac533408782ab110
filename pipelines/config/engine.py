"""Section `engine`: the cluster whose workers read, count, score and train on the rows."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from driftloop.monitoring.errors import ValidationProblem
from driftloop.monitoring.settings.durations import Span
from driftloop.monitoring.settings.limits import LONGEST_PATH
from driftloop.monitoring.settings.section import Section

ADDRESS = re.compile(r"(tcp|tls|ws|wss)://\S+")


def _address(text: str) -> str:
    if not ADDRESS.fullmatch(text) and "${" not in text:
        raise ValidationProblem(
            "the address of a scheduler, such as tcp://host:8786 or tls://host:8786",
            found=repr(text),
            remedy="`dask scheduler` prints its address when it starts",
        )
    return text


class Engine(Section):
    """An existing cluster of Dask; see docs/engines.md. Without this section this process does all work."""

    dask: Annotated[str, AfterValidator(_address)] = Field(
        max_length=LONGEST_PATH, description="address of the scheduler, such as tcp://host:8786; `${NAME}` is filled in"
    )
    timeout: Span = Field(
        timedelta(seconds=60), description="time limit for the scheduler to answer, and for a worker to be there"
    )
