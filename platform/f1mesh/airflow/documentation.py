"""What people read in Airflow about a domain, from what its owners wrote."""

from __future__ import annotations

from f1mesh.orchestration.plan import DomainPlan


def domain_doc(plan: DomainPlan, repository: str) -> str:
    """The domain's README, then its products with their contracts and who reads them; files of the
    repository are linked where its address is known."""
    readme = plan.path / "README.md"
    text = readme.read_text(encoding="utf-8").strip() if readme.is_file() else f"# {plan.title}"
    return f"{text}\n\n{_products(plan, repository)}\n\n{_runs(plan)}\n"


def _products(plan: DomainPlan, repository: str) -> str:
    lines = [
        "## Products",
        "",
        "| product | contract | fresh within | read by |",
        "|---|---|---|---|",
    ]
    for product in plan.products:
        path = product.contract_path.relative_to(plan.path.parents[1])
        contract = (
            f"[{product.contract_version}]({repository}/{path})"
            if repository
            else (f"{product.contract_version} (`{path}`)")
        )
        fresh = f"{product.freshness_hours:g} h" if product.freshness_hours else "-"
        readers = ", ".join(product.consumers) or "-"
        lines.append(
            f"| {product.product}: {product.description} | {contract} | {fresh} | {readers} |"
        )
    return "\n".join(lines)


def _runs(plan: DomainPlan) -> str:
    starts = [f"at `{plan.cron}` (UTC)"] if plan.cron else []
    starts += [f"when a run of {producer} has ended" for producer in plan.producers]
    contact = f"{plan.owner.team}, {plan.owner.email}"
    if plan.owner.slack:
        contact += f", {plan.owner.slack}"
    return f"Runs {' or '.join(starts) or 'by hand'}. Owner: {contact}. Tier {plan.tier}."
