"""The F1 data mesh: shared library and the `f1` command."""
