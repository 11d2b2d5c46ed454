"""Formula 1's source systems, as other people run them: the Ergast database and its loader, the
registry of drivers and constructors. Found by `sources.yaml`; the library knows none of them.
"""
