"""One module a theorem: what is claimed, derived and constructed.

Each module states its theorem, derives it step by step, and lists its claims. Modules never import
each other: they cite claims by id. `theorems.catalogue` gathers all claims in one tuple.
"""
