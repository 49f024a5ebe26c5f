"""Many prompts: what a policy that answers them, and does not choose them, can gain.

:mod:`.quenched` has the frontier over the prompts' laws, :mod:`.per_prompt` that of a file of
rewards, in balls where it is small and in float64 with bounds on the errors where it is large.
"""
