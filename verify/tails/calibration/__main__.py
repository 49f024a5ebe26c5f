"""Make the table of calibration: ``python -m verify.tails.calibration``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from verify.errors import InputError
from verify.progress import progress_bar
from verify.tails.calibration.table import TABLE, complete


def main() -> int:
    """Exit status: 0, or 2 if the table cannot be read or written."""
    parser = argparse.ArgumentParser(
        prog="python -m verify.tails.calibration",
        description="Decide about samples of laws whose tails are known, and count.",
    )
    parser.add_argument(
        "--samples",
        type=int,
        default=2000,
        help="samples of size 10**4 of each law; a quarter as many of size 10**5",
    )
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--out", type=Path, default=TABLE, help="the table; rows in it are kept")
    options = parser.parse_args()
    try:
        if options.samples < 1 or options.jobs < 1:
            raise InputError("--samples and --jobs: expected 1 or more")
        with progress_bar() as progress:
            rows = complete(options.out, options.samples, options.jobs, progress)
    except InputError as error:
        print(f"calibration: {error}", file=sys.stderr)
        return 2
    print(f"{len(rows)} rows in {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
