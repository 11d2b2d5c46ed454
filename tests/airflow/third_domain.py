"""A small third domain, made from nothing but a folder: own sync, one model, one contract, reading
a published product, scheduled every minute."""

from __future__ import annotations

from pathlib import Path

NAME = "pit_wall"

_FILES = {
    "domain.yaml": """
name: pit_wall
title: Pit wall
description: Who may be called on the radio.
owner: {team: pit-wall, email: pit-wall@f1mesh.example, slack: "#f1-pit-wall"}
tier: 3
schedule: "* * * * *"
reads: [drivers/dim_driver]
products: [radio_name]
""",
    "README.md": "# Pit wall\n\nWho may be called on the radio.\n",
    "ingestion/seasons.yaml": """
name: seasons
description: The seasons that there were.
source: {type: postgres, connection: ergast_postgres, schema: public}
streams:
  - {name: seasons, sync_mode: full_refresh, destination_mode: overwrite, primary_key: [year]}
""",
    "dbt/dbt_project.yml": """
name: pit_wall
version: 1.0.0
config-version: 2
profile: f1mesh
model-paths: [models]
macro-paths: [macros]
packages-install-path: "{{ env_var('F1_DBT_STATE', '.') }}/dbt_packages"
flags: {send_anonymous_usage_stats: false}
models:
  pit_wall: {+schema: marts, +materialized: table}
""",
    "dbt/packages.yml": "packages:\n  - local: ../../../platform/dbt\n",
    "dbt/macros/generate_schema_name.sql": """
{%- macro generate_schema_name(custom_schema_name, node) -%}
  {{ return(f1mesh.domain_schema(custom_schema_name)) }}
{%- endmacro -%}
""",
    "dbt/models/sources.yml": """
version: 2
sources:
  - name: ergast
    schema: pit_wall_raw
    config:
      freshness: {error_after: {count: 2, period: hour}}
      loaded_at_field: _airbyte_extracted_at
    tables: [{name: seasons}]
  - name: drivers
    database: "{{ target.database }}"
    schema: drivers
    tables: [{name: dim_driver}]
""",
    "dbt/models/radio_name.sql": """
select
  driver_ref,
  family_name as radio_name,
  cast((select count(*) from {{ source('ergast', 'seasons') }}) as int) as season_count
from {{ source('drivers', 'dim_driver') }}
where is_current
""",
    "dbt/models/radio_name.yml": """
version: 2
models:
  - name: radio_name
    description: One row per driver.
    columns:
      - name: driver_ref
        data_tests: [unique, not_null]
""",
    "contracts/radio_name.odcs.yaml": """
apiVersion: v3.1.0
kind: DataContract
id: pit_wall.radio_name
name: radio_name
version: 1.0.0
status: active
domain: pit_wall
dataProduct: radio_name
description: {purpose: Who may be called on the radio.}
team:
  name: pit-wall
  members: [{username: pit-wall@f1mesh.example, role: owner}]
support: [{channel: "#f1-pit-wall", tool: slack, scope: interactive}]
roles: [{role: f1_readers, access: read}]
servers:
  - {server: local, type: databricks, host: "127.0.0.1", catalog: f1_local, schema: pit_wall}
schema:
  - name: radio_name
    physicalName: radio_name
    physicalType: view
    description: What drivers are called.
    dataGranularityDescription: One row per driver.
    customProperties:
      - {property: minimumPercentOfPublishedRows, value: 90}
    properties:
      - {name: driver_ref, physicalType: string, logicalType: string, required: true,
         unique: true, primaryKey: true, primaryKeyPosition: 1, classification: public,
         description: Reference of the driver.}
      - {name: radio_name, physicalType: string, logicalType: string, required: false,
         classification: pii, description: Family name.}
      - {name: season_count, physicalType: int, logicalType: integer, required: false,
         classification: public, description: Number of seasons that the source knows.}
slaProperties:
  - {property: freshness, value: 2, unit: h}
  - {property: frequency, value: 1, unit: d}
""",
}


def write_third_domain(root: Path) -> str:
    """Write the folder below `<root>/domains`; the domain's name."""
    for path, text in _FILES.items():
        file = root / "domains" / NAME / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.lstrip("\n"))
    return NAME
