"""Makes a release: wheels, sources, bill of materials and checksums, with equal bytes each time."""
