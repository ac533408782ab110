"""Every error of the product. Each takes ids and words itself: what was found, what was expected, what to do."""

from monitoring.errors.backtest import NotReplayable
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
from monitoring.errors.history import HistoryTooShort, LossNotFinite
from monitoring.errors.ledger import LedgerTooNew, LedgerUnusable
from monitoring.errors.models import (
    EstimatorError,
    ForeignVersion,
    LoadedDiffers,
    NoChampion,
    NothingToRollBack,
    Tampered,
    TrainingImpossible,
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
    "ColumnsLost",
    "ColumnsTwice",
    "ConfigError",
    "DriftloopError",
    "EstimatorError",
    "ForeignVersion",
    "HistoryTooShort",
    "HomeUnusable",
    "LedgerTooNew",
    "LedgerUnusable",
    "LoadedDiffers",
    "LossNotFinite",
    "Misfit",
    "NoChampion",
    "NotATime",
    "NotReplayable",
    "NothingToRollBack",
    "SecretMissing",
    "SourceMissing",
    "SourceUnreadable",
    "Tampered",
    "TrainingImpossible",
    "UnknownModel",
    "Unscored",
    "Untrusted",
    "clipped",
    "listed",
    "meant",
]
