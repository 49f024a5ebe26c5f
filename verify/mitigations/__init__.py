"""Mitigations of overoptimisation, compared: what each makes of the true utility.

A mitigation is a score that is optimised in place of the proxy ``U = X + V``, and the optimal
policies for it under a penalty: a path of reweightings of the base policy. All are asked the same
two questions: how much true utility comes with a given gain of the proxy, and with a given KL
divergence.

* :mod:`.nodes`: a law as points with masses, in float64;
* :mod:`.model`: a pair (X, V), and the :class:`~verify.mitigations.profile.Profile` of its proxy;
* :mod:`.weights`: the weights that are optimal under each penalty, as paths over a profile;
* :mod:`.entropy`: the entropy bonus, whose policies are no reweightings by the proxy alone;
* :mod:`.ensembles`: errors of several proxies put together;
* :mod:`.catalogue`: the mitigations; :mod:`.existence`: which of them have an optimum;
* :mod:`.certified`: balls for the numbers that have a certified route;
* :mod:`.comparison`: the table; :mod:`.plot`: the picture;
* :mod:`.occupancy`: divergences of occupancy measures; :mod:`.one_step`: answers in one piece as a
  process; :mod:`.road`, :mod:`.losses`: a process on which penalties on states differ.
"""
