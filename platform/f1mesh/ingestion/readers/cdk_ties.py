"""What of the Airbyte CDK is not public, all of it here: the schema of manifests is parsed once.

The CDK parses it anew for each connector that it makes, in pure Python, which would take most of
the time of a sync. What it calls for that is a function of a module, which is replaced.

Tied to airbyte-cdk 7.33.0; tests/test_ties.py says when this may go.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from typing import Any

import yaml
from airbyte_cdk.sources.declarative import concurrent_declarative_source as cdk


def parse_schema_once() -> None:
    """Let the CDK take the schema of manifests from `component_schema`, from now on."""
    cdk._get_declarative_component_schema = component_schema


@cache
def component_schema() -> dict[str, Any]:
    """What manifests are validated against, parsed in C."""
    text = pkgutil.get_data("airbyte_cdk", "sources/declarative/declarative_component_schema.yaml")
    schema: dict[str, Any] = yaml.load(text or b"", Loader=yaml.CSafeLoader)
    return schema
