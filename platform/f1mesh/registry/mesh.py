"""All domains together, and the order in which one's products feed another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from f1mesh.document import Place, read_document, refusal
from f1mesh.errors import PermanentError
from f1mesh.registry.domain import Domain, ProductRef, load_domain


@dataclass(frozen=True)
class Mesh:
    """The domains by name, each after the domains whose products it reads."""

    domains: Mapping[str, Domain]

    def domain(self, name: str) -> Domain:
        """Raises PermanentError, with the names that exist, for an unknown one."""
        if name not in self.domains:
            known = ", ".join(self.domains) or "none"
            raise PermanentError(f"There is no domain '{name}'. Domains: {known}.")
        return self.domains[name]

    def product(self, text: str) -> ProductRef:
        """The product `domain/product`; raises PermanentError if the domain does not publish it."""
        ref = ProductRef.parse(text)
        domain = self.domain(ref.domain)
        if ref.product not in domain.products:
            raise PermanentError(
                f"{ref.domain} does not publish '{ref.product}'. "
                f"Its products: {', '.join(domain.products)}."
            )
        return ref

    @property
    def products(self) -> tuple[ProductRef, ...]:
        return tuple(
            ProductRef(domain=domain.name, product=product)
            for domain in self.domains.values()
            for product in domain.products
        )

    def consumers(self, ref: ProductRef) -> tuple[Domain, ...]:
        """The domains that read a product."""
        return tuple(d for d in self.domains.values() if ref in d.inputs)

    def pace(self, name: str) -> frozenset[str]:
        """The crons by which a domain's runs come in the end: its own, and those of the domains
        whose runs start it."""
        domain = self.domain(name)
        upstream = (self.pace(ref.domain) for ref in domain.inputs)
        own = [domain.schedule] if domain.schedule else []
        return frozenset(own).union(*upstream)


def load_mesh(root: Path) -> Mesh:
    """Read `<root>/domains/*/domain.yaml`; folders without one are not (yet) domains.

    Raises PermanentError for a bad file, an input that nobody publishes, or a circle of reads.
    """
    files = sorted((root / "domains").glob("*/domain.yaml"))
    if not files:
        raise PermanentError(f"No domain found: {root / 'domains'} holds no */domain.yaml.")
    found = {domain.name: domain for domain in map(load_domain, files)}
    for domain in found.values():
        for index, ref in enumerate(domain.inputs):
            owner = found.get(ref.domain)
            if owner is None or ref.product not in owner.products:
                message = f"no domain publishes {ref}. Correct it, or add it to its products"
                raise _refused(domain, ("reads", index), message)
    reads = {name: {ref.domain for ref in domain.inputs} for name, domain in found.items()}
    try:
        order = tuple(TopologicalSorter(reads).static_order())
    except CycleError as error:
        names = error.args[1]
        message = f"domains read each other in a circle: {' <- '.join(names)}. Remove one"
        raise _refused(found[names[0]], ("reads",), message) from error
    return Mesh(domains={name: found[name] for name in order})


def _refused(domain: Domain, place: Place, message: str) -> PermanentError:
    return refusal([read_document(domain.path / "domain.yaml").problem(place, message)])
