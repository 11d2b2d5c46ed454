"""What the mesh consists of: its domains, read from `domains/*/domain.yaml`."""

from f1mesh.registry.domain import Domain, Owner, ProductRef
from f1mesh.registry.mesh import Mesh, load_mesh

__all__ = ["Domain", "Mesh", "Owner", "ProductRef", "load_mesh"]
