"""What exists by which name: schemas, tables, views and their tags, on disk."""
