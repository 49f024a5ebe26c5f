"""Penalties other than KL: what a budget under each divergence can buy.

* :mod:`.shapes` the best reweighting under each divergence, as a function of the reward;
* :mod:`.expectation` certified expectations of functions of the distance from a point;
* :mod:`.frontier` the best mean within a budget, enclosed from both sides;
* :mod:`.holds` which divergence bounds the mean for which tail, and why.

The names of this package come from there: ``penalised_frontier``, ``holds``, ``shape_of``.
"""
