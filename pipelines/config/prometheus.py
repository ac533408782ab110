"""Keys of `prometheus`: where the metrics of a model go after each check, without a service."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from driftloop.monitoring.errors import ValidationProblem
from driftloop.monitoring.settings.columns import Name
from driftloop.monitoring.settings.secrets import VARIABLE, written_out
from driftloop.monitoring.settings.section import Section


def _gateway(url: str) -> str:
    expected = "the address of a push gateway, such as http://gateway:9091"
    if secret := written_out(url):
        raise ValidationProblem(
            "an address with its secrets written as ${NAME}, which are replaced from the environment",
            found=f"{secret} in plain text",
            remedy="put the secret into an environment variable, and write ${NAME} instead",
        )
    plain = VARIABLE.sub("x", url)
    if not VARIABLE.match(url) and (urlsplit(plain).scheme not in {"http", "https"} or not urlsplit(plain).netloc):
        raise ValidationProblem(expected, found=repr(url), remedy="start it with http:// or https://")
    return url


class Prometheus(Section):
    """Metrics for Prometheus after each check and retrain, without a service."""

    textfile: Name | None = Field(
        None,
        description="existing folder of node_exporter's textfile collector: `driftloop_MODEL.prom` is written there; "
        "`${NAME}` is replaced from the environment",
    )
    pushgateway: Annotated[Name, AfterValidator(_gateway)] | None = Field(
        None, description="address of a push gateway; write secrets as `${NAME}`"
    )
