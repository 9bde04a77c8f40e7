"""A stand-in for the real Maelstrom: its console, its store and its exit statuses, without Java.

    python tests/helpers/fake_maelstrom.py test -w echo --bin NODE …

The test itself is the bench's, on the real clock. What Maelstrom does not leave is removed from the
store, and the messages go into a journal as Maelstrom writes it, on a clock of its own.
"""

from __future__ import annotations

import itertools
import re
import shlex
import shutil
import subprocess
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from glomers.formats.journal import read_journal  # noqa: E402
from tests.helpers.fressian_writer import write_maelstrom_journal  # noqa: E402

CLOCK_NS = 3_011_836_899_624
UNKNOWN = ("--seed", "--clock", "--final-reads", "--frobnicate")
LOG_LINE_S = 0.2
CRASHED = re.compile(
    r"Node (\S+) crashed: it exited with status (-?\d+) before[^\n]*\n"
    r"(?:(?:WARN )?Its last lines on stderr:\n(.*?)\n)?(?=WARN)",
    re.DOTALL,
)
BROKE = "ERROR [2026-11-23 04:15:40,012] main - jepsen.cli Oh jeez, I'm sorry, Jepsen broke."
TRACE = "\tat maelstrom.process$stop_node_BANG_.invoke(process.clj:291)\n\t... 12 more"


def main(argv: list[str]) -> int:
    problems = [f'Unknown option: "{word}"' for word in argv if word in UNKNOWN]
    if "--bin" not in argv:
        problems.append("Expected a --bin PATH_TO_BINARY to test")
    if problems:
        print("\n".join(problems))
        return 254
    log("jepsen test runner - jepsen.core Command line:\nlein run " + shlex.join(argv))
    done = run_bench(argv)
    store = Path("store", "current").resolve()
    if done.returncode in (0, 1, 2):
        rewrite(store, argv)
        log(f"jepsen results - jepsen.store Wrote {store}/results.edn")
        print("\n\n" + done.stdout.splitlines()[-1])
    elif done.returncode == 255:
        rewrite(store, argv)
        print_broken(done.stderr, store)
    return done.returncode


def log(text: str) -> None:
    print(f"INFO [2026-11-23 04:15:32,824] {text}", flush=True)


def run_bench(argv: list[str]) -> subprocess.CompletedProcess[str]:
    """Run the bench; meanwhile the log goes on."""
    at = argv.index("--bin") + 1
    canonical = str(Path(argv[at]).resolve())
    words = [*argv[:at], canonical, "--clock", "real", *argv[at + 1 :]]
    ended = threading.Event()
    threading.Thread(target=tell_operations, args=(ended,), daemon=True).start()
    try:
        return subprocess.run(
            [sys.executable, "-m", "glomers", "bench", *words], capture_output=True, text=True
        )
    finally:
        ended.set()


def tell_operations(ended: threading.Event) -> None:
    for number in itertools.count():
        if ended.wait(LOG_LINE_S):
            return
        log(f"jepsen worker 0 - jepsen.util 0\t:invoke\t:operation\t{number}")


def rewrite(store: Path, argv: list[str]) -> None:
    """Make the bench's store one of Maelstrom's."""
    (store / "bench.json").unlink()
    (store / "findings.json").unlink(missing_ok=True)
    shutil.rmtree(store / "log-times", ignore_errors=True)
    head = "2026-11-23 04:15:32,259{GMT}\tINFO\t[jepsen test runner] jepsen.core: Command line:\n"
    (store / "jepsen.log").write_text(f"{head}lein run {' '.join(argv)}\n")
    journal = store / "net-journal" / "messages.jsonl"
    messages: dict[int, tuple[int, str, str, object]] = {}
    events = []
    for event in read_journal(journal):
        if event.kind == "send" and event.message is not None:
            message = event.message
            messages[event.id] = (event.id, message["src"], message["dest"], message["body"])
        if event.kind != "drop":
            events.append((event.kind, CLOCK_NS + event.time_ns, messages[event.id]))
    journal.unlink()
    write_maelstrom_journal(store / "net-journal", events)


def print_broken(told: str, store: Path) -> None:
    crash = CRASHED.search(told)
    print(f"{BROKE} Here's why:")
    if crash:
        node, status, stderr = crash.groups()
        print(
            f"clojure.lang.ExceptionInfo: Node {node} crashed with exit status {status}. "
            f"Before crashing, it wrote to STDOUT:\n\n\n\nAnd to STDERR:\n\n{stderr or ''}\n\n"
            f"Full STDERR logs are available in {store}/node-logs/{node}.log"
        )
    else:
        print(
            "clojure.lang.ExceptionInfo: Expected node n0 to respond to an init message, "
            "but node did not respond."
        )
    print(TRACE)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
