"""Source systems of the mesh: the Ergast database, its loader and the drivers registry API."""
