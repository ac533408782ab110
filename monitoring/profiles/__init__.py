"""Columns summed up in counts that can be added: what drift is scored on. Knows no method and no threshold."""

from monitoring.profiles.building import Profile, Profiles, Rows, first, like, merge
from monitoring.profiles.errors import CellsDiffer, ProfileUnreadable
from monitoring.profiles.levels import LEVELS_KEPT, CategoricalProfile
from monitoring.profiles.numbers import FENCE, NumericProfile
from monitoring.profiles.parquet import profile_parquet
from monitoring.profiles.storing import load, save

__all__ = [
    "FENCE",
    "LEVELS_KEPT",
    "CategoricalProfile",
    "CellsDiffer",
    "NumericProfile",
    "Profile",
    "ProfileUnreadable",
    "Profiles",
    "Rows",
    "first",
    "like",
    "load",
    "merge",
    "profile_parquet",
    "save",
]
