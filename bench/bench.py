"""`make bench`: every figure, each part in a process of its own, one after the other; then one table and build/bench.json.

    BENCH=quick        small sizes and few repetitions: two or three minutes instead of about fifteen
    BENCH_ONLY=a,c     only these parts; the file keeps what it has of others

A part that fails or takes too long leaves its figures out, is named, and makes the exit code 1; the others are kept.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from bench.figures import OUT, QUICK, Figure, gathered, write
from bench.machine import Watch

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "build" / "bench.json"


class Part(msgspec.Struct, frozen=True):
    """One module's figures. `most_s` is when it is given up."""

    letter: str
    module: str
    title: str
    most_s: int


PARTS = (
    Part("a", "throughput", "the whole ring beside redis-benchmark, FastStream and Prosody", 420),
    Part("b", "latency", "from a patron's socket to a librarian's", 300),
    Part("c", "core_cost", "the core at 100, 10,000 and a million open conversations", 420),
    Part("d", "memory", "an idle web chat", 240),
    Part("e", "recovery", "snapshot, recovery and replay", 240),
    Part("f", "opening", "start and rest", 90),
    Part("g", "pages", "lists and transcripts over a large archive", 300),
    Part("h", "email", "mail: from acceptance to the inbox, and a mailbox that filled while we were down", 600),
    Part("i", "xmpp", "XMPP: to a librarian's socket, beside Prosody relaying the same", 240),
    Part("j", "consortium", "routing where 1, 100 and 2,000 libraries are one consortium", 120),
    Part("m", "matrix", "Matrix: to a librarian's socket, beside Synapse carrying the same", 240),
    Part("n", "faq", "the FAQ's search: how well and how fast", 300),
    Part("t", "reports", "a report over five years", 900),
    Part("k", "presence", "a sign-on with 500 librarians signed in", 180),
    Part("l", "several", "1, 2 and 4 consortia in as many core processes", 180),
    Part("s", "slow_line", "the inbox and the chat on a slow line", 180),
    Part("o", "crowd", "10,000 patrons and 200 librarians connected", 420),
)


def run(part: Part, folder: Path) -> tuple[list[Figure], str]:
    """Measure one part; return its figures and what went wrong."""
    out = folder / f"{part.letter}.json"
    began = time.monotonic()
    print(f"\n({part.letter}) {part.title}", flush=True)
    process = subprocess.Popen(
        [sys.executable, "-m", f"bench.{part.module}"], cwd=ROOT, env={**os.environ, OUT: str(out)},
        start_new_session=True,
    )  # fmt: skip
    wrong = ""
    try:
        if process.wait(part.most_s) != 0:
            wrong = f"ended with {process.returncode}"
    except subprocess.TimeoutExpired:
        wrong = f"took more than {part.most_s} s"
    finally:
        end(process)
    print(f"  {time.monotonic() - began:.0f} s" + (f"; FAILED: {wrong}" if wrong else ""), flush=True)
    return gathered(out), wrong


def end(process: subprocess.Popen[bytes]) -> None:
    """End a part that still runs, with what it started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def main() -> int:
    """Measure what is asked for; return the exit code."""
    only = [word.strip() for word in os.environ.get("BENCH_ONLY", "").split(",") if word.strip()]
    watch, figures, failed = Watch(), list[Figure](), list[str]()
    with tempfile.TemporaryDirectory(prefix="deskbridge-bench-") as folder:
        for part in PARTS:
            if not only or part.letter in only:
                found, wrong = run(part, Path(folder))
                figures += found
                failed += [f"({part.letter}) {wrong}"] if wrong else []
    machine = watch.found() | {"quick": QUICK, "failed": failed}
    write(RESULT, figures, machine, keep=bool(only))
    summary(figures, failed, machine)
    return 1 if failed else 0


def summary(figures: list[Figure], failed: list[str], machine: dict[str, object]) -> None:
    """Print one table and what the machine was like."""
    print(f"\n  {'figure':<38}{'median':>10} {'':<8}{'least .. most':<22}must (goal): reached?")
    for figure in figures:
        print(figure.line())
    marks = [figure.goal.mark(figure.value) for figure in figures if figure.goal]
    words = (("goal", "at their goal"), ("reached", "reached"), ("MISSED", "missed"))
    told = ", ".join(f"{marks.count(mark)} {word}" for mark, word in words)
    print(f"\n  {told}; {' and '.join(failed) + '; ' if failed else ''}{RESULT.relative_to(ROOT)}")
    print(f"  the machine meanwhile: {', '.join(f'{name} {value}' for name, value in machine.items())}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
