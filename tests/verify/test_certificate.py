"""Certificates: round trip, shape, and a reader that strangers cannot hurt."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path
from time import process_time
from typing import Any

import pytest

from tests.verify.certificates import CASES, PAIRS, certificate, document
from verify.certificate import LARGEST_FILE, SCHEMA, Certificate, CertificateError
from verify.certificate_reader import read_file
from verify.construction import construct
from verify.errors import InputError
from verify.laws import exponential, normal


@pytest.mark.parametrize("name", [*CASES, *PAIRS])
def test_round_trip(name: str) -> None:
    made = certificate(name)
    assert Certificate.from_json(made.to_json()) == made


@pytest.mark.parametrize("name", CASES)
def test_shape(name: str) -> None:
    made = document(name)
    assert made["schema"] == SCHEMA
    assert ("reweighting" in made) == (made["verdict"] == "counterexample")
    assert ("witness" in made) == (made["verdict"] == "impossible")
    if made.get("reweighting", {}).get("kind") == "threshold":
        assert (made["reweighting"]["t"] is None) != (made["reweighting"]["log_t"] is None)


def with_changes(**changes: Any) -> str:
    return json.dumps(document("threshold") | changes)


def nested(path: str, value: Any) -> str:
    made = document("threshold")
    *parents, last = path.split(".")
    place: Any = made
    for name in parents:
        place = place[name]
    place[last] = value
    return json.dumps(made)


HOSTILE = {
    "nested deep": "[" * 30_000,
    "nested deep, beyond the size": "[" * 100_000,
    "a long number": '{"schema": ' + "9" * 60_000 + "}",
    "a huge exponent": nested("enclosures.mean", ["1e1000000000000000000", "2"]),
    "a huge exponent of t": nested("reweighting.t", "1e999999999"),
    "a huge mass exponent": nested("reweighting.mass", "1e-99999999999999999"),
    "a huge target": nested("target.mean", "1e1000"),
    "precision": with_changes(precision_bits=10**12),
    "precision as text": with_changes(precision_bits="128"),
    "precision true": with_changes(precision_bits=True),
    "NaN": with_changes(precision_bits=float("nan")),
    "infinity": with_changes(precision_bits=float("inf")),
    "NaN as text": nested("enclosures.kl", ["nan", "nan"]),
    "a ball as text": nested("enclosures.kl", ["[1 +/- 1]", "2"]),
    "wrong schema": with_changes(schema="goodhart-certificate/2"),
    "no schema": '{"verdict": "counterexample"}',
    "wrong verdict": with_changes(verdict="proved"),
    "unknown key": with_changes(extra=1),
    "both t and log_t": nested("reweighting.log_t", "3"),
    "neither": nested("reweighting.t", None),
    "mass 0": nested("reweighting.mass", "0"),
    "mass above 1": nested("reweighting.mass", "1.0000001"),
    "mass a number": nested("reweighting.mass", 0.5),
    "negative budget": nested("target.kl", "-1"),
    "swapped ends": nested("enclosures.mean", ["103", "102"]),
    "underscores": nested("target.mean", "1_0"),
    "other digits": nested("target.mean", "\u0661"),
    "duplicate keys": '{"schema": "a", "schema": "b"}',
    "a list": "[]",
    "nothing": "",
    "both parts": with_changes(witness={"tilt": "1", "log_mgf": ["0", "1"]}),
    "not an object": with_changes(target=[1, 2]),
    "data hash": with_changes(data={"sha256": "x" * 64, "n": 3}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_refused_in_one_line_and_quickly(name: str) -> None:
    before = process_time()
    with pytest.raises(CertificateError) as refusal:
        Certificate.from_json(HOSTILE[name])
    assert process_time() - before < 1
    message = str(refusal.value)
    assert message and "\n" not in message and len(message) < 300


def test_a_number_where_text_is_expected_is_to_be_in_quotes() -> None:
    """Decimals are text in a certificate, for a JSON number may be rounded on the way."""
    with pytest.raises(CertificateError, match=r"mass: expected a decimal number in quotes.* 0.5"):
        Certificate.from_json(HOSTILE["mass a number"])


# ---- as a command, in a process of its own -------------------------------------------------------

#: Runs `goodhart check` and reports every file that is opened for reading after the imports.
WATCHED_CHECK = """
import sys
from goodhart import main
import verify.certificate_reader, verify.checker, verify.second_route  # imports open files too
opened = []
def watch(event, arguments):
    if event == "open":
        opened.append(str(arguments[0]))
    elif event in ("subprocess.Popen", "os.system", "os.exec", "socket.connect"):
        opened.append(event)
sys.addaudithook(watch)
try:
    main(["check", sys.argv[1]])
finally:
    print("\\n".join(name for name in opened if not name.endswith((".py", ".pyc", ".so"))))
"""

MEBIBYTE = 1 << 20


def watched_check(path: Path) -> tuple[int, str, set[str], float, int]:
    """Exit status, stderr, files opened, seconds of processor time and peak memory in MiB."""
    script = (
        "import resource\n"
        + WATCHED_CHECK
        + (
            "    u = resource.getrusage(resource.RUSAGE_SELF)\n"
            "    print('used', u.ru_utime + u.ru_stime, u.ru_maxrss // 1024)\n"
        )
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    *opened, used = [line for line in done.stdout.splitlines() if line]
    _, seconds, memory = used.split()
    files = {name for name in opened if not name.startswith(("valid", "INVALID"))}
    return done.returncode, done.stderr, files, float(seconds), int(memory)


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> tuple[float, int]:
    """What refusing an empty file costs: start-up, that is."""
    path = tmp_path_factory.mktemp("idle") / "empty.json"
    path.write_text("")
    _, _, _, seconds, memory = watched_check(path)
    return seconds, memory


def law_certificate(law: str) -> str:
    return json.dumps(document("threshold") | {"base": law})


HOSTILE_FILES = {
    "nested 10**5 deep": "[" * 10**5,
    "code in the law": law_certificate("__import__('os').system('touch /tmp/owned')"),
    "code in a formula": law_certificate('tail(log_sf="exec(1)", lower=0)'),
    "a tower of powers": law_certificate('tail(log_sf="-9**9**9*x", lower=0)'),
    "an empirical path": law_certificate('empirical("/etc/passwd")'),
    "an empirical path in a mixture": law_certificate(
        'mixture(0.5*normal(), 0.5*empirical("/etc/passwd"))'
    ),
    "precision": with_changes(precision_bits=10**12),
    "an exponent of 10**18": nested("enclosures.mean", ["1e1000000000000000000", "2"]),
}


@pytest.mark.parametrize("name", HOSTILE_FILES)
def test_hostile_file_opens_nothing_and_costs_little(
    name: str, tmp_path: Path, idle: tuple[float, int]
) -> None:
    path = tmp_path / "c.json"
    path.write_text(HOSTILE_FILES[name])
    status, stderr, opened, seconds, memory = watched_check(path)
    assert status in (1, 2)
    assert len(stderr.strip().splitlines()) == 1
    assert opened <= {str(path)}
    assert seconds - idle[0] < 1
    assert memory - idle[1] < 200


def test_number_of_10_to_the_9_digits(tmp_path: Path, idle: tuple[float, int]) -> None:
    path = tmp_path / "huge.json"
    with path.open("wb") as file:  # a sparse file: it takes no room on the disk
        file.write(b'{"schema": 1')
        file.seek(10**9)
        file.write(b"}")
    status, stderr, opened, seconds, memory = watched_check(path)
    assert status == 2
    assert str(LARGEST_FILE) in stderr
    assert opened <= {str(path)}
    assert seconds - idle[0] < 1
    assert memory - idle[1] < 200


def test_the_watch_notices_an_opened_file(tmp_path: Path) -> None:
    """The planted violation: a check that does open its data file is seen to."""
    from verify.laws import parse

    data = tmp_path / "rewards.csv"
    data.write_text("1\n2\n5\n")
    made = construct(parse(f'empirical("{data}")'), "3", "0.2")
    path = tmp_path / "c.json"
    path.write_text(made.to_json())
    script = WATCHED_CHECK.replace("sys.argv[1]]", f'sys.argv[1], "--data", {str(data)!r}]')
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert str(data) in done.stdout


def test_read_file_refuses(tmp_path: Path) -> None:
    with pytest.raises(CertificateError, match="cannot read"):
        read_file(str(tmp_path / "missing.json"))
    with pytest.raises(CertificateError, match="cannot read"):
        read_file(str(tmp_path))
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CertificateError, match="UTF-8"):
        read_file(str(binary))


@pytest.mark.parametrize(
    ("mean", "kl"),
    [("x", "0.1"), ("1", "0"), ("1", "-1"), ("nan", "1"), ("1", "inf"), ("1e400", "1"), ("", "1")],
)
def test_construct_refuses_bad_targets(mean: str, kl: str) -> None:
    with pytest.raises(InputError) as refusal:
        construct(normal(), mean, kl)
    assert "\n" not in str(refusal.value)


def test_numbers_of_every_kind_make_the_same_target() -> None:
    from decimal import Decimal

    law = exponential()
    expected = construct(law, "3", "0.5")
    assert construct(law, 3, 0.5) == expected
    assert construct(law, Decimal(3), Decimal("0.5")) == expected


def test_memory_is_measured_in_kibibytes() -> None:
    """The bound above relies on it: Linux counts ru_maxrss in KiB."""
    assert 5 * 1024 < resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 64 * MEBIBYTE
