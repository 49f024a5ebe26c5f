"""The ledger: runs claims, adds up what was found, and reads verdicts off it.

Rules, each stated once:

* **Outcome of a claim.** Any evidence fails: ``fails``. Else any evidence but :class:`Kernel`
  holds: ``holds``. Else ``unknown``. A claim that would hold but uses one that does not is
  ``unknown``. So a proof assistant that is not installed lowers nothing, and nothing rests on it
  alone.
* **Strength of a claim that holds.** That of its strongest evidence that holds, on two axes (how
  far it reaches, by which means), and on each axis no more than that of any claim it uses. The
  strength of evidence follows from its type (:data:`STRENGTHS`).
* **Verdict on a printed statement** S, from the claims whose source is S or "S, part":

  1. a refutation of S itself holds: ``false as printed``;
  2. an as_printed claim of S holds (with reach ``all`` if S is a theorem, corollary, lemma or
     proposition, which speak of all parameters), and no refutation is left undecided:
     ``true, proof repaired`` if a refutation of a part of S holds, else ``true``;
  3. otherwise: ``unsettled``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any, Literal, NamedTuple

from verify.claim import Claim, Enclosed, Evidence, Exact, Finding, Outcome, Sampled
from verify.errors import InputError
from verify.evidence_runs import DIED, findings_of
from verify.identity import Identity
from verify.progress import Progress
from verify.proofs.kernel import Kernel

Reach = Literal["sample", "instance", "all"]
Means = Literal["monte-carlo", "ball", "exact", "symbolic", "kernel"]
VerdictText = Literal["true", "true, proof repaired", "false as printed", "unsettled"]

#: Both axes, from weak to strong.
REACHES: tuple[Reach, ...] = ("sample", "instance", "all")
MEANS: tuple[Means, ...] = ("monte-carlo", "ball", "exact", "symbolic", "kernel")


class Strength(NamedTuple):
    """How far evidence reaches, and by which means."""

    reach: Reach
    means: Means

    @property
    def rank(self) -> tuple[int, int]:
        """For comparison: reach first."""
        return REACHES.index(self.reach), MEANS.index(self.means)

    def at_most(self, other: Strength) -> Strength:
        """The weaker of the two on each axis."""
        return Strength(
            min(self.reach, other.reach, key=REACHES.index),
            min(self.means, other.means, key=MEANS.index),
        )


STRENGTHS: Mapping[type[Evidence], Strength] = {
    Kernel: Strength("all", "kernel"),
    Identity: Strength("all", "symbolic"),
    Exact: Strength("instance", "exact"),
    Enclosed: Strength("instance", "ball"),
    Sampled: Strength("sample", "monte-carlo"),
}

#: Statements of these kinds speak of all parameters.
UNIVERSAL = ("Theorem", "Corollary", "Lemma", "Proposition")


class LedgerError(InputError):
    """A list of claims, or a selection from it, that makes no sense; the message is one line."""


@dataclass(frozen=True)
class Entry:
    """A claim with what was found. ``strength`` is None unless the claim holds."""

    claim: Claim
    findings: tuple[Finding, ...]
    outcome: Outcome
    strength: Strength | None

    @property
    def seconds(self) -> float:
        """Time spent on the evidence, wherever it ran."""
        return sum(finding.seconds for finding in self.findings)

    @property
    def detail(self) -> str:
        """What went wrong first, if anything did: what the outcome comes from before the rest."""
        findings = sorted(self.findings, key=lambda finding: finding.outcome != self.outcome)
        return next((finding.detail for finding in findings if finding.detail), "")

    @property
    def proofs(self) -> list[Finding]:
        """What was found of its proofs, see :class:`verify.proofs.kernel.Kernel`."""
        return [
            finding
            for evidence, finding in zip(self.claim.evidence, self.findings, strict=True)
            if isinstance(evidence, Kernel)
        ]

    def to_json(self) -> dict[str, Any]:
        """The entry as a row of the ``verify`` answer."""
        return {
            "id": self.claim.id,
            "statement": self.claim.statement,
            "source": self.claim.source,
            "stance": self.claim.stance,
            "uses": list(self.claim.uses),
            "outcome": self.outcome,
            "reach": self.strength.reach if self.strength else None,
            "means": self.strength.means if self.strength else None,
            "seconds": round(self.seconds, 4),
            "cases_tried": sum(finding.cases_tried for finding in self.findings),
            "cases_met_hypotheses": sum(f.cases_met_hypotheses for f in self.findings),
            "detail": self.detail,
            "evidence": [
                {
                    "kind": type(evidence).__name__.lower(),
                    "outcome": finding.outcome,
                    "detail": finding.detail,
                }
                for evidence, finding in zip(self.claim.evidence, self.findings, strict=True)
            ],
        }


@dataclass(frozen=True)
class Verdict:
    """What the claims say about a printed statement."""

    statement: str
    verdict: VerdictText
    claims: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The verdict as a row of the ``verify`` answer."""
        return {"statement": self.statement, "verdict": self.verdict, "claims": list(self.claims)}


@dataclass(frozen=True)
class Ledger:
    """Everything that was run, in the order of the catalogue."""

    entries: tuple[Entry, ...]
    verdicts: tuple[Verdict, ...]

    @property
    def holds(self) -> bool:
        """Whether every claim holds."""
        return all(entry.outcome == "holds" for entry in self.entries)

    def to_json(self) -> dict[str, Any]:
        """The ``verify`` answer."""
        return {
            "claims": [entry.to_json() for entry in self.entries],
            "verdicts": [verdict.to_json() for verdict in self.verdicts],
        }

    def rows(self) -> list[tuple[str, ...]]:
        """One row a claim, for tables; the titles are :data:`COLUMNS`."""
        return [
            (
                entry.claim.id,
                entry.claim.source,
                entry.claim.stance.replace("_", " "),
                entry.outcome,
                entry.strength.reach if entry.strength else "",
                entry.strength.means if entry.strength else "",
                f"{entry.seconds:.2f}",
            )
            for entry in self.entries
        ]


class Interrupted(KeyboardInterrupt):
    """Ctrl-C while claims ran; this has what was done before.

    Attributes
    ----------
    ledger : Ledger
        The claims of which all evidence was run.
    number : int
        How many there were to run.
    """

    def __init__(self, ledger: Ledger, number: int) -> None:
        super().__init__()
        self.ledger, self.number = ledger, number


COLUMNS = ("id", "source", "stance", "outcome", "reach", "means", "seconds")


# ---------------------------------------------------------------- the list of claims


def in_order(claims: Sequence[Claim]) -> list[Claim]:
    """The claims so that each comes after those it uses.

    Raises
    ------
    LedgerError
        If an id occurs twice, a claim uses an unknown one, claims use each other in a circle,
        evidence is of a type that has no entry in STRENGTHS (a subclass has none either), or a
        claim has no evidence but Kernel.
    """
    by_id = {claim.id: claim for claim in claims}
    if len(by_id) < len(claims):
        ids = [claim.id for claim in claims]
        raise LedgerError(f"two claims have the id {next(i for i in ids if ids.count(i) > 1)!r}")
    for claim in claims:
        for evidence in claim.evidence:
            if type(evidence) not in STRENGTHS:
                kind = type(evidence).__name__
                raise LedgerError(f"{claim.id}: {kind} is no kind of evidence with a strength")
        if all(isinstance(evidence, Kernel) for evidence in claim.evidence):
            raise LedgerError(f"{claim.id}: needs evidence beside Kernel, which runs only with Coq")
        for used in claim.uses:
            if used not in by_id:
                raise LedgerError(f"{claim.id} uses {used!r}, which no claim has as its id")
    try:
        order = list(TopologicalSorter({c.id: c.uses for c in claims}).static_order())
    except CycleError as cycle:
        raise LedgerError(
            f"claims use each other in a circle: {' -> '.join(cycle.args[1])}"
        ) from None
    return [by_id[name] for name in order]


def select(claims: Sequence[Claim], prefixes: Sequence[str]) -> list[Claim]:
    """The claims at or below the ids given (``t1`` has ``t1.x``, not ``t10``), and what they use.

    Raises
    ------
    LedgerError
        If a prefix selects nothing, or the list of claims makes no sense.
    """
    ordered = in_order(claims)
    chosen: set[str] = set()
    for prefix in prefixes:
        matching = {c.id for c in claims if f"{c.id}.".startswith(f"{prefix.strip()}.")}
        if not matching:
            known = ", ".join(sorted({c.id.split(".")[0] for c in claims}))
            raise LedgerError(f"no claim is called {prefix.strip()!r}; ids begin with: {known}")
        chosen |= matching
    for claim in reversed(ordered):
        if claim.id in chosen:
            chosen.update(claim.uses)
    return [claim for claim in claims if claim.id in chosen]


# ---------------------------------------------------------------- running


def run(
    claims: Sequence[Claim],
    prefixes: Sequence[str] = (),
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Ledger:
    """Run the claims and draw up the ledger.

    Parameters
    ----------
    claims : sequence of Claim
        The whole catalogue: ``uses`` and verdicts are resolved in it.
    prefixes : sequence of str
        Which claims to run, see :func:`select`; all if empty. A statement gets a verdict only if
        every claim about it is run.
    jobs : int, optional
        Processes; by default one for each processor this one may use. With 1 all runs in this one.
        With more, a script calls this under ``if __name__ == "__main__"``.
    progress : callable, optional
        Called after each piece of evidence, with the claim's id.

    Raises
    ------
    LedgerError
        As :func:`in_order` and :func:`select`.
    Interrupted
        On Ctrl-C, with the ledger so far.
    """
    chosen = select(claims, prefixes) if prefixes else list(claims)
    in_order(claims)
    tasks = [(claim, evidence) for claim in chosen for evidence in claim.evidence]
    found: list[Finding | None] = [None] * len(tasks)
    try:
        with closing(findings_of([evidence for _, evidence in tasks], jobs)) as findings_so_far:
            for done, (index, finding) in enumerate(findings_so_far, start=1):
                found[index] = finding
                if progress is not None:
                    progress(done, len(tasks), tasks[index][0].id)
    except KeyboardInterrupt:
        # A process that died was stopped along with this one.
        kept = [None if one is not None and one.detail == DIED else one for one in found]
        raise Interrupted(tabulate(claims, _by_claim(tasks, kept)), len(chosen)) from None
    assert None not in found
    return tabulate(claims, _by_claim(tasks, found))


def _by_claim(
    tasks: Sequence[tuple[Claim, Evidence]], found: Sequence[Finding | None]
) -> dict[str, list[Finding]]:
    """The findings of each claim of which all evidence was run, and all of what it uses."""
    findings: dict[str, list[Finding]] = {claim.id: [] for claim, _ in tasks}
    for (claim, _), finding in zip(tasks, found, strict=True):
        if finding is not None:
            findings[claim.id].append(finding)
    whole: dict[str, list[Finding]] = {}
    for claim in in_order(list({claim.id: claim for claim, _ in tasks}.values())):
        all_found = len(findings[claim.id]) == len(claim.evidence)
        if all_found and all(used in whole for used in claim.uses):
            whole[claim.id] = findings[claim.id]
    return whole


# ---------------------------------------------------------------- adding up


def tabulate(claims: Sequence[Claim], findings: Mapping[str, Sequence[Finding]]) -> Ledger:
    """The ledger of the claims that findings are given for."""
    entries: dict[str, Entry] = {}
    for claim in in_order(claims):
        if claim.id in findings:
            entries[claim.id] = _entry(claim, tuple(findings[claim.id]), entries)
    ran = [entries[claim.id] for claim in claims if claim.id in entries]
    statements = dict.fromkeys(statement_of(claim) for claim in claims if claim.stance != "ours")
    verdicts = []
    for statement in statements:
        about = [claim for claim in claims if statement_of(claim) == statement]
        if all(claim.id in entries for claim in about):
            verdicts.append(judge(statement, [entries[claim.id] for claim in about]))
    return Ledger(tuple(ran), tuple(verdicts))


def _entry(claim: Claim, findings: tuple[Finding, ...], entries: Mapping[str, Entry]) -> Entry:
    outcomes = {finding.outcome for finding in findings}
    rests_on = {
        finding.outcome
        for evidence, finding in zip(claim.evidence, findings, strict=True)
        if not isinstance(evidence, Kernel)
    }
    outcome: Outcome = (
        "fails" if "fails" in outcomes else "holds" if "holds" in rests_on else "unknown"
    )
    used = [entries[name] for name in claim.uses]
    if outcome == "holds" and any(entry.outcome != "holds" for entry in used):
        outcome = "unknown"
    if outcome != "holds":
        return Entry(claim, findings, outcome, None)
    strength = max(
        (
            STRENGTHS[type(evidence)]
            for evidence, finding in zip(claim.evidence, findings, strict=True)
            if finding.outcome == "holds"
        ),
        key=lambda strength: strength.rank,
    )
    for entry in used:
        assert entry.strength is not None
        strength = strength.at_most(entry.strength)
    return Entry(claim, findings, outcome, strength)


def statement_of(claim: Claim) -> str:
    """The printed statement that a claim is about: its source up to the first comma."""
    return claim.source.split(",")[0].strip()


def judge(statement: str, entries: Iterable[Entry]) -> Verdict:
    """The verdict on a printed statement; the rule is in the module's docstring."""
    entries = list(entries)
    refutations = [entry for entry in entries if entry.claim.stance == "refutation"]
    refuted = {entry.claim.source for entry in refutations if entry.outcome == "holds"}
    universal = statement.startswith(UNIVERSAL)
    confirmed = any(
        entry.strength is not None and (entry.strength.reach == "all" or not universal)
        for entry in entries
        if entry.claim.stance == "as_printed" and entry.claim.source == statement
    )
    verdict: VerdictText = "unsettled"
    if statement in refuted:
        verdict = "false as printed"
    elif confirmed and all(entry.outcome == "holds" for entry in refutations):
        verdict = "true, proof repaired" if refuted else "true"
    return Verdict(statement, verdict, tuple(entry.claim.id for entry in entries))
