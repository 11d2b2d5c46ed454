"""Delta tables on disk: reading their log, staging new data, committing."""
