"""What `driftloop init` writes: a commented model file from a first look at a file or table."""

from driftloop.pipelines.init.guess import NothingToLookAt
from driftloop.pipelines.init.proposal import Proposal, propose

__all__ = ["NothingToLookAt", "Proposal", "propose"]
