"""Large samples in torch, on the device where they are made: what verify/ does in numpy.

* :mod:`.drawing`: laws of the catalogue, drawn by torch;
* :mod:`.best_of_draws`: best-of-n of 10^9 draws that are never all in memory;
* :mod:`.largest`: the largest of 10^9 rewards, for the estimators of :mod:`verify.tails`, which
  take torch tensors as they are.

All of it is float64: a float32 uniform number has 24 bits, so the largest of 10^9 would be an atom.
"""
