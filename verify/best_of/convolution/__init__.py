"""The density of ``U = X + V`` on an interval, as sums over rules with bounds of what they miss."""
