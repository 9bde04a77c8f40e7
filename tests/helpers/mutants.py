"""The mutants of `tests/mutants/node.py`, with what shows each, and nodes that are right."""

from tests.helpers.places import MUTANTS as FOLDER
from tests.helpers.places import SOLUTIONS

NODE = FOLDER / "node.py"
ONE = ["--node-count", "1", "--time-limit", "4", "--rate", "30"]
CROWD = ["--node-count", "1", "--concurrency", "10n", "--time-limit", "4", "--rate", "200"]
FIVE = ["--node-count", "5", "--time-limit", "4", "--rate", "20"]
CUT = ["--nemesis", "partition", "--nemesis-interval", "2"]
KV = ["--node-count", "2", "--concurrency", "4n", "--time-limit", "4", "--rate", "60"]
COMMITTED = [*CROWD, "--consistency-models", "read-committed"]

MUTANTS = [
    ("echo", "loud", ONE, ":errors"),
    ("echo", "previous", ONE, ":errors"),
    ("echo", "wrong-type", ONE, "Malformed reply"),
    ("unique-ids", "counts", FIVE, ":duplicated-count"),
    ("unique-ids", "short", CROWD, ":duplicated-count"),
    ("unique-ids", "repeats", ONE, ":duplicated-count"),
    ("broadcast", "deaf", FIVE, ":lost ("),
    ("broadcast", "drops", FIVE, ":lost ("),
    ("broadcast", "forgets", FIVE, ":lost ("),
    ("broadcast", "tells-once", [*FIVE, *CUT], ":lost ("),
    ("g-set", "deaf", FIVE, ":lost ("),
    ("g-set", "drops", FIVE, ":lost ("),
    ("g-set", "forgets", FIVE, ":lost ("),
    ("g-set", "tells-once", [*FIVE, *CUT], ":lost ("),
    ("g-counter", "deaf", FIVE, ":errors"),
    ("g-counter", "loses", FIVE, ":errors"),
    ("g-counter", "doubles", FIVE, ":errors"),
    ("pn-counter", "deaf", FIVE, ":errors"),
    ("pn-counter", "loses", FIVE, ":errors"),
    ("pn-counter", "doubles", FIVE, ":errors"),
    ("kafka", "torn-offsets", CROWD, ":inconsistent-offsets"),
    ("kafka", "loses-messages", CROWD, ":duplicate"),
    ("kafka", "skips", CROWD, ":lost-write"),
    ("kafka", "backwards", CROWD, ":int-nonmonotonic-poll"),
    ("lin-kv", "caches", KV, ":failures"),
    ("lin-kv", "local", KV, ":failures"),
    ("lin-kv", "drops-writes", KV, ":failures"),
    ("lin-kv", "unchecked", KV, ":failures"),
    ("txn-rw-register", "torn", COMMITTED, ":G1b"),
    ("txn-rw-register", "aborts", COMMITTED, ":G1a"),
    ("txn-rw-register", "blind", CROWD, ":internal"),
    ("txn-list-append", "torn", COMMITTED, ":G1"),
    ("txn-list-append", "aborts", COMMITTED, ":G1a"),
    ("txn-list-append", "shuffles", CROWD, ":incompatible-order"),
    ("txn-list-append", "blind", CROWD, ":internal"),
]

RIGHT = [
    *[(NODE, workload, flags) for workload, _, flags, _ in MUTANTS if flags is not COMMITTED],
    (NODE, "broadcast", [*FIVE, *CUT]),
    (NODE, "g-set", [*FIVE, *CUT]),
    (NODE, "g-counter", [*FIVE, *CUT]),
    (NODE, "pn-counter", [*FIVE, *CUT]),
    (SOLUTIONS / "broadcast_retry.py", "broadcast", [*FIVE, *CUT]),
    (SOLUTIONS / "broadcast_tree.py", "broadcast", [*FIVE, *CUT]),
    (SOLUTIONS / "broadcast_batched.py", "broadcast", [*FIVE, *CUT]),
    (SOLUTIONS / "broadcast_rounds.py", "broadcast", [*FIVE, *CUT]),
    (SOLUTIONS / "counter_local.py", "g-counter", [*FIVE, *CUT]),
    (SOLUTIONS / "counter_gossip.py", "g-counter", [*FIVE, *CUT]),
    (SOLUTIONS / "counter_delta.py", "g-counter", [*FIVE, *CUT]),
    (SOLUTIONS / "log_buckets.py", "kafka", [*FIVE, *CUT]),
    (SOLUTIONS / "log_owner.py", "kafka", [*FIVE, *CUT]),
    (SOLUTIONS / "log_ordered.py", "kafka", [*FIVE, *CUT]),
    (SOLUTIONS / "txn_uncommitted.py", "txn-rw-register", [*FIVE, *CUT, *COMMITTED[-2:]]),
    (SOLUTIONS / "txn_committed.py", "txn-rw-register", [*FIVE, *CUT, *COMMITTED[-2:]]),
    (SOLUTIONS / "txn_batched.py", "txn-rw-register", [*FIVE, *CUT, *COMMITTED[-2:]]),
    (SOLUTIONS / "txn_causal.py", "txn-rw-register", [*FIVE, *CUT, *COMMITTED[-2:]]),
]
RIGHT = [case for number, case in enumerate(RIGHT) if case not in RIGHT[:number]]
