"""What best-of-n takes laws apart into: densities, atoms, rules, and what lies far out."""
