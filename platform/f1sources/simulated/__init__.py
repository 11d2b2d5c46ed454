"""A made-up Formula 1 championship: a source of history that needs no network."""
