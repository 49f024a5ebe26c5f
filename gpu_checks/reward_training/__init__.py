"""Reward models from human preferences: Bradley and Terry on a trunk, and how good they are."""
