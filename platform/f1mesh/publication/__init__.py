"""Publish by pointer: a product's view moves to a table version only when its contract holds."""
