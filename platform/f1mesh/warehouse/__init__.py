"""The embedded warehouse: a Databricks SQL endpoint on one machine.

protocol/    Thrift over HTTP (TCLIService): authentication, operations, results as Arrow
sessions.py  what one client has: namespace, temporary views, settings
sql/         reading statements: tokens, names, types, literals, rewriting of references
statements/  one module per family of statements
catalog/     schemas, tables, views, tags on disk (SQLite)
storage/     Delta tables: reading the log, staging, auditing, committing
engine.py    the query engine, reached by Spark Connect and nothing else
"""
