"""Thrift over HTTP, as databricks-sql-connector speaks it (TCLIService)."""
