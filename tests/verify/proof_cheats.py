"""Ways to cheat a proof checker that we could think of: edits of a development of a few lines."""

from __future__ import annotations

Edit = tuple[str, str, str]

STATED = "Theorem sum_is_even : statements.sum_is_even."
PROOF = "Proof. intros m n [k ->] [l ->]; exists (k + l); apply twice_plus. Qed."
LEMMA = "Lemma twice_plus"
SHUFFLE = "Proof. apply Nat.add_shuffle1. Qed."
SAID = "forall m n, even m -> even n -> even (m + n)"


def before(file: str, line: str, commands: str) -> Edit:
    return file, line, f"{commands}\n{line}"


CHEATS: dict[str, tuple[tuple[Edit, ...], str]] = {
    "Admitted": (
        (("proofs", PROOF, "Admitted."),),
        "proofs.sum_is_even is assumed, not proved",
    ),
    "an admitted lemma": (
        (("lemmas", SHUFFLE, "Admitted."),),
        "lemmas.twice_plus is assumed, not proved",
    ),
    "admit in a proof": (
        (("lemmas", SHUFFLE, "Proof. admit. Admitted."),),
        "lemmas.twice_plus is assumed, not proved",
    ),
    "an axiom": (
        (
            before("proofs", STATED, f"Axiom cheat : {SAID}."),
            ("proofs", PROOF, "exact cheat. Qed."),
        ),
        "proofs.cheat is assumed, not proved",
    ),
    "a hypothesis outside of a section": (
        (
            before("proofs", STATED, f"Hypothesis cheat : {SAID}."),
            ("proofs", PROOF, "exact cheat. Qed."),
        ),
        "proofs.cheat is assumed, not proved",
    ),
    "an axiom that nothing uses": (
        (before("proofs", STATED, "Axiom lie : 0 = 1."),),
        "toy.proofs.lie is an axiom: the files may have none of their own",
    ),
    "a weakened statement": (
        (
            ("statements", "even (m + n)", "m = n -> even (m + n)"),
            ("proofs", "[l ->]; exists", "[l ->] _; exists"),
        ),
        "statements.sum_is_even: says `... definitions.even n -> m = n -> definitions.even (m + n)",
    ),
    "a weaker statement beside the theorem": (
        (
            before("proofs", STATED, "Definition weak := True."),
            ("proofs", f": statements.sum_is_even.\n{PROOF}", ": weak.\nexact I. Qed."),
        ),
        "proofs.sum_is_even: speaks of proofs.weak, which is not pinned",
    ),
    "a module that stands in for the statements": (
        (
            before(
                "proofs",
                STATED,
                "Module statements. Definition sum_is_even := True. End statements.",
            ),
            ("proofs", PROOF, "exact I. Qed."),
        ),
        "proofs.sum_is_even: speaks of proofs.statements.sum_is_even, which is not pinned",
    ),
    "a renamed theorem": (
        (("proofs", "Theorem sum_is_even", "Theorem sum_of_evens"),),
        "proofs.sum_is_even: there is none",
    ),
    "a renamed statement": (
        (
            ("statements", "sum_is_even :", "sums :"),
            ("proofs", "statements.sum_is_even", "statements.sums"),
        ),
        "statements.sum_is_even: there is none",
    ),
    "a namesake under a longer path": (
        (
            ("proofs", "Theorem sum_is_even", "Module toy. Module proofs.\nTheorem sum_is_even"),
            ("proofs", PROOF, f"{PROOF}\nEnd proofs. End toy."),
        ),
        "proofs.sum_is_even: ",
    ),
    "another definition": (
        (
            ("definitions", "n + n", "n * 0"),
            ("lemmas", "apply Nat.add_shuffle1", "unfold twice; rewrite !Nat.mul_0_r; reflexivity"),
        ),
        "definitions.twice: says `... nat => n * 0 ...` where `... nat => n + n ...`",
    ),
    "a definition between": (
        (
            before("definitions", "Definition twice", "Definition none := 0."),
            ("definitions", "n + n", "n + n + none"),
            ("lemmas", "apply", "unfold twice, none; rewrite !Nat.add_0_r; apply"),
        ),
        "definitions.twice: speaks of definitions.none, which is not pinned",
    ),
    "a notation": (
        (
            before("definitions", "Definition twice", 'Local Notation "a + b" := (a * 0 * b).'),
            ("lemmas", "apply Nat.add_shuffle1", "unfold twice; rewrite !Nat.mul_0_r; reflexivity"),
        ),
        "definitions.twice: says `... nat => n * 0 * n ...`",
    ),
    "an implicit argument": (
        (("definitions", "n = twice k", "@eq (id nat) n (twice k)"),),
        "definitions.even: reads as pinned, but its explicit form has changed",
    ),
    "a hypothesis of a section": (
        (
            before("proofs", STATED, f"Section s. Hypothesis cheat : {SAID}."),
            ("proofs", PROOF, "exact cheat. Qed. End s."),
        ),
        "where `... statements.sum_is_even ...` is pinned",
    ),
    "a parameter of a functor": (
        (
            before(
                "proofs",
                STATED,
                f"Module Type Lie. Axiom lie : {SAID}. End Lie.\nModule F (L : Lie).",
            ),
            ("proofs", PROOF, "exact L.lie. Qed. End F."),
        ),
        "proofs.sum_is_even: there is none",
    ),
    "a sealed module": (
        (
            before(
                "proofs",
                STATED,
                f"Module Type Lie. Axiom lie : {SAID}. End Lie.\nDeclare Module L : Lie.",
            ),
            ("proofs", PROOF, "exact L.lie. Qed."),
        ),
        "proofs.L.lie is assumed, not proved",
    ),
    "type in type": (
        (
            before(
                "lemmas",
                LEMMA,
                "Unset Universe Checking. Definition all : Type := let t := Type in (t : t).\n"
                "Definition below : all := Type. Set Universe Checking.",
            ),
        ),
        "coqchk: constants/inductives relying on type-in-type: ",
    ),
    "no check of termination": (
        (
            before(
                "lemmas",
                LEMMA,
                "Unset Guard Checking. Fixpoint loop (n : nat) : False := loop n.",
            ),
            ("lemmas", SHUFFLE, "destruct (loop 0). Qed."),
        ),
        "is assumed, not proved",
    ),
    "no check of termination, unused": (
        (
            before(
                "lemmas",
                LEMMA,
                "#[bypass_check(guard)] Fixpoint loop (n : nat) : False := loop n.",
            ),
        ),
        "coqchk: constants/inductives relying on unsafe (co)fixpoints: toy.lemmas.loop",
    ),
    "no check of positivity": (
        (
            before(
                "lemmas",
                LEMMA,
                "#[bypass_check(positivity)] Inductive bad := Bad (f : bad -> False).",
            ),
        ),
        "coqchk: inductives whose positivity is assumed: toy.lemmas.bad",
    ),
    "a false proof": ((("lemmas", "apply Nat", "exact I; apply Nat"),), "lemmas.v line 3 does not"),
    "code from elsewhere": (
        (before("lemmas", LEMMA, 'Declare ML Module "evil".'),),
        "lemmas.v: `Declare ML` reaches beyond the files that are checked",
    ),
    "a file from elsewhere": (
        (before("lemmas", LEMMA, 'Load "/tmp/evil".'),),
        "lemmas.v: `Load` reaches beyond the files that are checked",
    ),
    "files in a circle": (
        (("lemmas", "library definitions", "library definitions proofs"),),
        "files need each other in a circle: ",
    ),
}
