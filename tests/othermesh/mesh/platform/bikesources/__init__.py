"""The source system of a bicycle rental."""
