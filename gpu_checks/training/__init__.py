"""Policy optimisation with a reward of known parts, ``U = V + X``.

* :mod:`.known_parts`: utility and error as functions of the tokens, heavy or light by construction;
* :mod:`.error_tail`: the error's tail under the base policy, computed or measured.
"""
