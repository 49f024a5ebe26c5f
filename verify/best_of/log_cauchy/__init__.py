"""The law of ``U = X + V`` where one of them is log-Cauchy: no expansion reaches its two ends."""
