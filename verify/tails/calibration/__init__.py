"""How often the audit's verdicts and intervals are right, measured.

``python -m verify.tails.calibration`` draws samples from laws whose tails are known, decides about
each, and counts. The table that it writes is ``table.json`` beside this file; the page
docs/concepts/calibration.md shows it.
"""
