"""What `driftloop init` writes: a commented model file from a first look at a file or table."""

from pipelines.proposing.guess import NothingToLookAt
from pipelines.proposing.proposal import Proposal, propose

__all__ = ["NothingToLookAt", "Proposal", "propose"]
