"""A model of MLflow fetched into the state folder, before anything heavy is started; nothing of it is opened."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from pydantic import Field

from driftloop.monitoring.records import Record
from driftloop.pipelines.config.elsewhere import refuse_elsewhere
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.registry import locating, origins
from driftloop.pipelines.runtime import home, phases


class Fetched(Record):
    """A model whose files are in `home.adopting(digest)`; the fields are those of `Adoption`."""

    given: str
    uri: str
    digest: str
    params: dict[str, Any] = Field(default_factory=dict)


def fetch(config: Project, uri: str, tracking_uri: str | None = None) -> Fetched:
    """Copy the files of a model from its MLflow, and refuse one that its MLmodel file shows cannot be adopted.

    Raises `AdoptionRefused` for an unknown URI, and for a model that runs code without `training.allow_pickle`.
    """
    refuse_elsewhere(config, "adopt")
    home.prepare()
    phases.enter("fetching the model")
    pinned = locating.pinned(uri, tracking_uri)
    home.adopting("").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.adopting(""), prefix=".fetched-") as scratch:
        fresh = Path(scratch) / "model"
        locating.fetch(pinned, fresh, tracking_uri)
        found = origins.describe(uri, fresh)
        origins.refuse_code(found, config.training)
        content = origins.digest(fresh)
        place = home.adopting(content)
        shutil.rmtree(place, ignore_errors=True)
        fresh.rename(place)
    return Fetched(
        given=uri, uri=pinned, digest=content, params=locating.training_params(found.flavor, found.run_id, tracking_uri)
    )
