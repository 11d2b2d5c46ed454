"""Batch ingestion: what a sync file declares, moved from a source into Delta raw tables.

`sync.py` is the schema of sync files, `readers/` take records out of a source, `destination.py`
lands them with Airbyte's metadata columns and the sync's state in one Delta commit, `run.py` walks
a sync.
"""
