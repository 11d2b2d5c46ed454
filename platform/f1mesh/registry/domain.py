"""The schema of `domain.yaml`: who owns a domain, what it reads and publishes, when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from f1mesh.document import read_document, refusal
from f1mesh.errors import PermanentError
from f1mesh.registry.partition import Name, Partition
from f1mesh.validation import validated

Reference = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*/[a-z][a-z0-9_]*$")]


class ProductRef(BaseModel):
    """A product by its domain and name, written `domain/product`."""

    model_config = ConfigDict(frozen=True)

    domain: str
    product: str

    @classmethod
    def parse(cls, text: str) -> ProductRef:
        """Raises PermanentError unless `text` is of the form `domain/product`."""
        domain, slash, product = text.partition("/")
        if not slash or not domain or not product or "/" in product:
            raise PermanentError(f"'{text}' is not a product: write it as <domain>/<product>.")
        return cls(domain=domain, product=product)

    def __str__(self) -> str:
        return f"{self.domain}/{self.product}"


class Owner(BaseModel):
    """The team that answers for a domain."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    team: str
    email: str
    slack: str | None = None


class Domain(BaseModel):
    """One domain of the mesh and the folder that it is.

    A domain runs when a run of one that it reads has ended, well or not. `schedule` (cron, UTC)
    is for a domain that reads nothing; beside `reads` it asks for further runs, at those times.
    `partition` is what its backfills go by.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    title: str
    description: str
    owner: Owner
    tier: Annotated[int, Field(ge=1, le=3)]
    schedule: str | None = None
    partition: Partition | None = None
    reads: tuple[Reference, ...] = ()
    products: Annotated[tuple[Name, ...], Field(min_length=1)]
    path: Path

    @property
    def inputs(self) -> tuple[ProductRef, ...]:
        """The published products of other domains that this one reads."""
        return tuple(ProductRef.parse(text) for text in self.reads)

    @property
    def dbt_project(self) -> Path:
        return self.path / "dbt"

    @property
    def sync_files(self) -> tuple[Path, ...]:
        """The sync files, in name order (an Airbyte connector manifest is none)."""
        files = sorted((self.path / "ingestion").glob("*.yaml"))
        return tuple(f for f in files if not f.stem.endswith("manifest"))

    def contract_path(self, product: str) -> Path:
        return self.path / "contracts" / f"{product}.odcs.yaml"


def load_domain(file: Path) -> Domain:
    """Read one domain.yaml; raises PermanentError that names the file and every wrong key."""
    document = read_document(file)
    domain = validated(Domain, document, path=file.parent)
    if domain.name != file.parent.name:
        message = (
            f"'{domain.name}' must be '{file.parent.name}': a domain is named after its folder"
        )
        raise refusal([document.problem(("name",), message)])
    return domain
