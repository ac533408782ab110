"""Columns summed up in counts that can be added: what drift is scored on. Knows no method and no threshold."""

from driftloop.monitoring.profiles.building import Profile, Profiles, first, like, merge
from driftloop.monitoring.profiles.errors import CellsDiffer, ProfileUnreadable
from driftloop.monitoring.profiles.levels import LEVELS_KEPT, CategoricalProfile
from driftloop.monitoring.profiles.numbers import FENCE, NumericProfile
from driftloop.monitoring.profiles.storing import load, save

__all__ = [
    "FENCE",
    "LEVELS_KEPT",
    "CategoricalProfile",
    "CellsDiffer",
    "NumericProfile",
    "Profile",
    "ProfileUnreadable",
    "Profiles",
    "first",
    "like",
    "load",
    "merge",
    "save",
]
