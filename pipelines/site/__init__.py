"""The static site: an index of all models and a page for each, written into the state folder without a server."""

from driftloop.pipelines.site.writing import rewrite, write_all

__all__ = ["rewrite", "write_all"]
