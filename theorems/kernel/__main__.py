"""``make prove``: check every theorem in this folder; ``--pin`` writes the pins anew."""

from __future__ import annotations

import argparse
import sys

from theorems.kernel import DEVELOPMENT
from verify.enclosure import Undecided
from verify.files import write_text
from verify.proofs.coq import Rejected, Unavailable
from verify.proofs.kernel import check, pin
from verify.proofs.pins import PINS


def main() -> int:
    """Exit status: 0 if all is proved, 1 if something is wrong, 2 if it cannot be checked."""
    parser = argparse.ArgumentParser(prog="python -m theorems.kernel", description=__doc__)
    parser.add_argument("--pin", action="store_true", help=f"write {PINS} instead of comparing")
    options = parser.parse_args()
    try:
        if options.pin:
            target = DEVELOPMENT.folder / PINS
            write_text(str(target), pin(DEVELOPMENT, say=_say).render())
            print(f"{PINS} written: read what changed before you commit it")
            return 0
        report = check(DEVELOPMENT, say=_say)
    except Rejected as error:
        print(f"prove: {error}", file=sys.stderr)
        return 1
    except (Unavailable, Undecided) as error:
        print(f"prove: not checked: {error}", file=sys.stderr)
        return 2
    for theorem in report.theorems:
        print(f"proved: {theorem}")
    axioms = ", ".join(axiom.split(" ")[0] for axiom in report.axioms)
    print(f"{len(report.theorems)} theorems, Coq {report.version}; axioms: {axioms}")
    return 0


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
