"""Archive watch: former champions and models of the history, compared with the champion on each labeled window."""

from driftloop.monitoring.archive.judging import MOST_LATE, Lead, Scored, leader, leads
from driftloop.monitoring.archive.settings import Archive

__all__ = ["MOST_LATE", "Archive", "Lead", "Scored", "leader", "leads"]
