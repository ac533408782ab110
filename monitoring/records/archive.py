"""Scores of archived models on the rows of a labeled window, compared with the champion's on the same rows."""

from __future__ import annotations

from driftloop.monitoring.records.base import Loss, Record, Window


class ArchiveScore(Record):
    """One model on the rows of a window: its mean loss, and the slowest waves of its losses.

    The norm of the difference of two models' waves is the standard error of the difference of their losses
    (`monitoring.losses.performance.waves`). `bets` are those on a higher loss of the champion, for the version before a
    promotion that is watched (`monitoring.sequential.bets`), or for a challenger in shadow: it has also those on a loss
    that is not higher than the champion's by a margin, and on a higher one. `rows` is the size of the sample of the
    window's rows that it was scored on; None for all of them.
    """

    version: str
    loss: Loss
    waves: tuple[float, ...]
    bets: tuple[float, ...] = ()
    within: tuple[float, ...] = ()
    worse: tuple[float, ...] = ()
    rows: int | None = None


class ArchiveLead(Record):
    """Mean difference of the champion's loss minus an archived version's over some windows, with its standard error.

    `age_batches` is the age of the version at this check, in windows.
    """

    version: str
    difference: float
    error: float
    windows: int
    age_batches: float | None = None


class ArchiveScores(Record):
    """All models that were scored on `rows` labeled rows of a window that none of them was trained on.

    `newest` is the version trained last; windows are comparable while it stays the same. `scores` begin with the
    champion's, by the loss `loss_name` with rows weighted by the column `weight`, if any. `leader` is the version that
    is better than the champion by one standard error, with the largest lead.
    """

    window: Window
    rows: int
    newest: str
    scores: tuple[ArchiveScore, ...]
    leads: tuple[ArchiveLead, ...] = ()
    leader: str | None = None
    loss_name: str | None = None
    weight: str | None = None

    @property
    def lead(self) -> ArchiveLead | None:
        """Return the lead of the leader."""
        return next((lead for lead in self.leads if lead.version == self.leader), None)
