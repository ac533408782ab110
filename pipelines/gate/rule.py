"""Base class of all rules of the gate. A rule's fields are its keys in the config's section `gate`."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from driftloop.monitoring.settings.section import Section
from driftloop.pipelines.gate.evaluation import Evaluation

Interval = tuple[float, float, float]


@dataclass(frozen=True)
class Answer:
    """One possible answer of a rule: its code, what the code means, and what to try where it refuses."""

    code: str
    meaning: str
    remedy: str = ""
    passes: bool = False

    def because(self, reason: str, interval: Interval | None = None) -> Vote:
        """Return this answer with a one-sentence reason; a comparison adds the mean difference and its interval."""
        return Vote(self, reason, interval)


@dataclass(frozen=True)
class Vote:
    """A rule's answer on one evaluation."""

    answer: Answer
    reason: str
    interval: Interval | None = None


class Rule(Section):
    """One thing that a challenger must satisfy.

    A rule is pure: it reads the evaluation and its own keys, and neither clock nor disk. It returns one of its declared
    `answers`, or None where it has no objection or does not apply.
    """

    answers: ClassVar[tuple[Answer, ...]]

    @abstractmethod
    def vote(self, evaluation: Evaluation) -> Vote | None:
        """Answer with one of `answers`, or with None."""
