"""Every error of the product. Each takes ids and words itself: what was found, what was expected, what to do."""

from monitoring.errors.backtest import HistoryTooShort, LossNotFinite, NotReplayable, UnknownPolicy
from monitoring.errors.base import DriftloopError, Misfit, clipped, listed, meant
from monitoring.errors.data import (
    BadData,
    ColumnsLost,
    ColumnsTwice,
    NotATime,
    SourceMissing,
    SourceUnreadable,
    Unscored,
)
from monitoring.errors.ledger import LeaseLost, LedgerTooNew, LedgerUnusable
from monitoring.errors.models import (
    ChampionChanged,
    EstimatorError,
    ForeignVersion,
    LoadedDiffers,
    NoChampion,
    NothingToApprove,
    NothingToRollBack,
    Tampered,
    TrainingImpossible,
    TrainingStopped,
    Untrusted,
)
from monitoring.errors.setup import (
    BadExpression,
    BeyondTime,
    ConfigError,
    HomeUnusable,
    SecretMissing,
    UnknownModel,
)

__all__ = [
    "BadData",
    "BadExpression",
    "BeyondTime",
    "ChampionChanged",
    "ColumnsLost",
    "ColumnsTwice",
    "ConfigError",
    "DriftloopError",
    "EstimatorError",
    "ForeignVersion",
    "HistoryTooShort",
    "HomeUnusable",
    "LeaseLost",
    "LedgerTooNew",
    "LedgerUnusable",
    "LoadedDiffers",
    "LossNotFinite",
    "Misfit",
    "NoChampion",
    "NotATime",
    "NotReplayable",
    "NothingToApprove",
    "NothingToRollBack",
    "SecretMissing",
    "SourceMissing",
    "SourceUnreadable",
    "Tampered",
    "TrainingImpossible",
    "TrainingStopped",
    "UnknownModel",
    "UnknownPolicy",
    "Unscored",
    "Untrusted",
    "clipped",
    "listed",
    "meant",
]
