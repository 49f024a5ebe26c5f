"""Best-of-n exactly: the best of n draws of ``U = X + V``, for independent X and V."""
