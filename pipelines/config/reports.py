"""Keys of `report`: where the drift of each check goes besides its page."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from driftloop.monitoring.errors import ValidationProblem
from driftloop.monitoring.settings.columns import Name
from driftloop.monitoring.settings.secrets import VARIABLE, expand, written_out
from driftloop.monitoring.settings.section import Section

KEY = "report.workspace"


def _place(text: str) -> str:
    if secret := written_out(text):
        raise ValidationProblem(
            "an address with its secrets written as ${NAME}, which are replaced from the environment",
            found=f"{secret} in plain text",
            remedy="put the secret of the service into the environment variable EVIDENTLY_SECRET",
        )
    parts = urlsplit(VARIABLE.sub("x", text))
    if "://" in text and not VARIABLE.match(text) and (parts.scheme not in {"http", "https"} or not parts.netloc):
        raise ValidationProblem(
            "a folder, or the address of an Evidently service such as http://evidently:8000",
            found=repr(text),
            remedy="start the address with http:// or https://; another store belongs behind such a service",
        )
    return text


class Reports(Section):
    """A workspace of Evidently that gets a snapshot of each check that measures drift."""

    workspace: Annotated[Name, AfterValidator(_place)] | None = Field(
        None,
        description="folder of an Evidently workspace, created if it is missing, or the address of an Evidently "
        "service; `${NAME}` is replaced from the environment; the secret of the service is read from EVIDENTLY_SECRET",
    )

    def place(self, folder: Path) -> str | Path | None:
        """Return the address of the service, or the folder, relative to `folder`; None if not set.

        Raises SecretMissing.
        """
        if self.workspace is None:
            return None
        text = expand(self.workspace, KEY)
        if urlsplit(text).scheme in {"http", "https"}:
            return text
        return Path(os.path.abspath(folder / os.path.expanduser(text)))
