"""What the mesh tells of itself to people who read: its models, their columns, their lineage."""

from f1mesh.portal.docs import write_docs

__all__ = ["write_docs"]
