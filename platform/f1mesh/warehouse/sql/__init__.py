"""Reading Databricks SQL: tokens, types, literals, references."""
