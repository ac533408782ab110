"""Whether the workers of an engine can read the source of a config, and why not."""

from __future__ import annotations

from collections.abc import Iterator

from driftloop.monitoring.errors import listed
from driftloop.pipelines.config import own_code
from driftloop.pipelines.config.project import Project


def not_divisible(known: Project) -> Iterator[str]:
    """Yield what keeps the workers of an engine from reading the source."""
    if known.source.url is not None:
        yield "a table of a database has no files to divide (source.url)"
    if known.source.delta is not None or known.source.iceberg is not None:
        yield (
            "files of a Delta Lake or Iceberg table are not divided, as its log determines which of their rows count "
            f"(source.{known.source.address_key})"
        )
    if known.source.encoding is not None:
        yield f"files are converted from {known.source.encoding} on this machine (source.encoding)"
    if known.elsewhere:
        yield "the predictions of a model elsewhere are joined by id (predictions.source)"
    if known.labels is not None:
        yield "labels are joined by id (labels)"
    if modules := own_code.modules(known):
        yield f"workers do not have the custom code of {listed(modules)}"
