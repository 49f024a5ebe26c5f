"""Predictions against outcomes on real models: what ``python -m gpu_checks`` runs.

A check (:mod:`.checks`) makes findings at one of three sizes (:mod:`.sizes`); :mod:`.running` runs
them one after the other, and keeps where they were made (:mod:`.provenance`).
"""
