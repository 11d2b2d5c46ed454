"""Running a domain's dbt project in this process, against the warehouse in use."""

from f1mesh.transformation.project import DbtProject
from f1mesh.transformation.report import NodeResult, TransformReport

__all__ = ["DbtProject", "NodeResult", "TransformReport"]
