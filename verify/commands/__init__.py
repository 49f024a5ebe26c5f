"""The commands of the ground: construct, check, laws. Each module is light until it runs."""
