"""The `f1` command: thin; what it shows comes from the layers below."""
