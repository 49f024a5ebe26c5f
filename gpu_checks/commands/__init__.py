"""The commands of the empirical wing. Each module is light until it runs: no torch at import."""
