"""What `driftloop init` writes: a commented model file from a first look at a file or table."""

from pipelines.proposing.proposal import NothingToLookAt, Proposal, propose

__all__ = ["NothingToLookAt", "Proposal", "propose"]
