"""The law of ``U = X + V`` where one of them has a power tail on a lattice, in blocks of cells."""
