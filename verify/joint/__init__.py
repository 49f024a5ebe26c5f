"""An error X and a utility V that depend on each other, and what optimising ``U = X + V`` does.

:mod:`.laws` has the joint laws and conditioning on U, :mod:`.tilt` their tilts, :mod:`.sampling`
what is drawn where no certified integral is feasible, :mod:`.utility` the curves that come of it,
:mod:`.sweep` those of many strengths of dependence.
"""
