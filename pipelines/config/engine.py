"""Section `engine`: the cluster whose workers read, count, score and train on the rows."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from driftloop.monitoring.errors import ValidationProblem
from driftloop.monitoring.settings.durations import Span
from driftloop.monitoring.settings.limits import LONGEST_PATH
from driftloop.monitoring.settings.secrets import written_out
from driftloop.monitoring.settings.section import Section

DASK = re.compile(r"(tcp|tls|ws|wss)://\S+")
SPARK = re.compile(r"active|local(\[\s*(\d+|\*)\s*(,\s*\d+\s*)?\])?|yarn|(spark|sc|k8s)://\S+")


def _dask(text: str) -> str:
    if not DASK.fullmatch(text) and "${" not in text:
        raise ValidationProblem(
            "the address of a scheduler, such as tcp://host:8786 or tls://host:8786",
            found=repr(text),
            remedy="`dask scheduler` prints its address when it starts",
        )
    return text


def _spark(text: str) -> str:
    # Parameters of Spark Connect follow "/;": sc://host:443/;use_ssl=true;token=...
    if (secret := written_out(text.replace("/;", "?", 1))) is not None:
        raise ValidationProblem(
            "${NAME} in its place, filled from the environment when the session is opened",
            found=f"{secret} in plain text",
            remedy="put it into an environment variable: sc://host:443/;use_ssl=true;token=${SPARK_TOKEN}",
        )
    if not SPARK.fullmatch(text) and "${" not in text:
        raise ValidationProblem(
            "a server of Spark Connect (sc://host:15002), a master (spark://host:7077, yarn, k8s://https://host:443, "
            "local[2]), or `active`, the session of this process",
            found=repr(text),
            remedy="write one of these; `spark.master` of a session is its master",
        )
    return text


class Engine(Section):
    """An existing cluster of Dask or Spark; see docs/engines.md. Without this section this process does all work."""

    dask: Annotated[str, AfterValidator(_dask)] | None = Field(
        None,
        max_length=LONGEST_PATH,
        description="address of the scheduler, such as tcp://host:8786; `${NAME}` is filled in",
    )
    spark: Annotated[str, AfterValidator(_spark)] | None = Field(
        None,
        max_length=LONGEST_PATH,
        description="a server of Spark Connect (sc://host:15002), a master (spark://host:7077, yarn, k8s://..., "
        "local[2]), or `active`: the session that this process has already; `${NAME}` is filled in",
    )
    timeout: Span = Field(
        timedelta(seconds=60), description="time limit for the cluster to answer, and for a worker to be there"
    )

    @model_validator(mode="after")
    def _one_cluster(self) -> Self:
        if (self.dask is None) == (self.spark is None):
            raise ValidationProblem(
                "either dask or spark, with the address of a cluster",
                found="neither dask nor spark" if self.dask is None else "both dask and spark",
                remedy="keep one of the two, or remove `engine`: then this process does all work",
            )
        return self
