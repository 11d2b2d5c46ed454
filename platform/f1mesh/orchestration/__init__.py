"""What a run of the mesh consists of, as plain data, and the short way to walk it."""

from f1mesh.orchestration.graph import Step, StepKind, mesh_graph
from f1mesh.orchestration.walk import Outcome, walk

__all__ = ["Outcome", "Step", "StepKind", "mesh_graph", "walk"]
