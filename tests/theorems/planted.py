"""Planted violations of a derivation's steps, and whether the points alone reject them."""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from verify.identity import Identity, Relation, Step


def by_points(relation: Relation) -> bool:
    """Whether the points alone, without the proof, reject the relation."""
    cases = Identity((Step("planted", "Planted.", lambda: relation),)).cases()
    for case in cases:
        if case.name.endswith("proof"):
            continue
        try:
            if case.check() is not None:
                return True
        except Exception as error:
            if type(error).__name__ != "NotMet":
                raise
    return False


def falsified(relation: Relation) -> Relation:
    """Equalities are moved by 1 (an infinite limit to 0), inequalities made false by 1."""
    if relation.op == "=":
        infinite = relation.right in (sp.oo, -sp.oo)
        return replace(relation, right=sp.Integer(0) if infinite else relation.right + 1)
    # right + (left - right) + 1 = left + 1 is never below left.
    return replace(relation, right=relation.left + 1, form=sp.Integer(-1))
