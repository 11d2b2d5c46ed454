"""Readers take the records of one stream out of a source, as Arrow."""
