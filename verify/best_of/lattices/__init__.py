"""The law of ``U = X + V`` where one of them is on a lattice, in its cells."""
