"""Processes that do one thing and end, forked from one that has the costly libraries loaded."""

from f1mesh.workers.client import Call, Ended, Site, call

__all__ = ["Call", "Ended", "Site", "call"]
