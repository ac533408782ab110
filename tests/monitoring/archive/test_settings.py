"""Settings of the archive watch."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from driftloop.monitoring.archive import Archive


def test_it_is_on_by_default_and_zero_switches_it_off() -> None:
    """Eight former champions, and it acts."""
    assert (Archive().keep, Archive().act) == (8, True)
    assert Archive(keep=0).keep == 0


@pytest.mark.parametrize("keep", [-1, 65, 1.5])
def test_a_number_of_models_within_limits(keep: float) -> None:
    """Each model is scored at each check."""
    with pytest.raises(ValidationError):
        Archive.model_validate({"keep": keep})
