"""What follows from the verdict about a tail: what budgets buy, and what would stop them.

* :mod:`.frontier`: the best mean within a KL budget; with prompts :mod:`.quenched`;
* :mod:`.best_of_n`: the mean of the best of n, up to n = 10^9;
* :mod:`.penalties`: which penalties hold the tail, and what their budgets buy;
* :mod:`.cap`: what clipping does, and the largest cap that is safe;
* :mod:`.samples_needed`: how many rewards it takes to see the tail;
* :mod:`.gold`: what optimising the proxy does to a gold score.

The sums are over some ten thousand cells of the sample (:mod:`.cell_law`, :mod:`.best_mean`), and
beyond the sample over a fitted tail (:mod:`.fitted_tail`). Every number says what it rests on
(:mod:`.answer`).
"""

from __future__ import annotations

from verify.tails.consequences.overview import Consequences, consequences_of
from verify.tails.consequences.sample import Sample

__all__ = ["Consequences", "Sample", "consequences_of"]
