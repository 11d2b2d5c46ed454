"""Names of schemas, made here and (for what dbt builds) in platform/dbt/macros/schemas.sql alone.

`<domain>_raw` (landed), `<domain>_staging` and `<domain>_marts` (built, private), `<domain>`
(published views), `mesh` (the platform's own log). With a prefix (`F1_SCHEMA_PREFIX`: a pull
request's, a developer's) all of them begin with it, so that a run stays inside its own schemas.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from f1mesh.errors import PermanentError
from f1mesh.settings import Settings

LOCAL_CATALOG = "f1_local"

_RAW = "_raw"
_PREFIX = re.compile(r"([a-z][a-z0-9_]*_)?")


@dataclass(frozen=True)
class Schemas:
    """The schemas of one environment: its catalog, and what their names begin with."""

    catalog: str
    prefix: str = ""
    inputs: str | None = None  # what those begin with that dbt reads, where that is another prefix

    def __post_init__(self) -> None:
        if not _PREFIX.fullmatch(self.prefix):
            raise PermanentError(
                f"{Settings.schema_prefix.name} is '{self.prefix}': write lower-case letters, "
                "digits and _, ending with _ (pr_7_), or leave it unset."
            )

    @classmethod
    def of_environment(cls, catalog: str = LOCAL_CATALOG) -> Schemas:
        """The schemas that `F1_CATALOG` (else `catalog`), `F1_SCHEMA_PREFIX` and `F1_INPUT_PREFIX`
        name; raises PermanentError for a prefix that no schema can begin with."""
        settings = Settings.read()
        return cls(settings.catalog or catalog, settings.schema_prefix or "", settings.input_prefix)

    @property
    def input_prefix(self) -> str:
        """What the names of the schemas begin with that dbt reads its sources from."""
        return self.prefix if self.inputs is None else self.inputs

    def raw(self, domain: str) -> str:
        """Where a domain's syncs land."""
        return f"{self.prefix}{domain}{_RAW}"

    def marts(self, domain: str) -> str:
        """Where a domain's products are built."""
        return f"{self.prefix}{domain}_marts"

    def published(self, domain: str) -> str:
        """Where others read a domain's products."""
        return f"{self.prefix}{domain}"

    @property
    def mesh(self) -> str:
        """The platform's own, with its catalog."""
        return f"{self.catalog}.{self.prefix}mesh"

    def table(self, domain: str, product: str) -> str:
        """The built table of a product, with its catalog."""
        return f"{self.catalog}.{self.marts(domain)}.{product}"

    def view(self, domain: str, product: str) -> str:
        """The published view of a product, with its catalog."""
        return f"{self.catalog}.{self.published(domain)}.{product}"


def is_raw(schema: str) -> bool:
    """Whether syncs land in a schema of this name."""
    return schema.endswith(_RAW)
