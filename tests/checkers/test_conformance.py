"""The checkers judge recorded Maelstrom runs as Maelstrom did.

`data/maelstrom-runs` has each run's command line and verdict (`run.json`), its history, and what
Maelstrom wrote about it.  Where the answers may differ, `data/verdict_exceptions.json` says which
field and why (see also `docs/verdicts.md`); nothing else is left out.
"""

import gzip
import json

import pytest

from glomers.bench.checkers import CheckOptions, check_run, invalid_checkers
from glomers.bench.flags import parse_availability, split_models
from glomers.bench.workloads import workload_class
from glomers.formats.edn import Tagged, equality_key, kw, to_json
from glomers.formats.edn_reader import loads
from glomers.formats.history import read_history
from tests.helpers.places import DATA, MAELSTROM_RUNS, ROOT

RUNS = sorted(MAELSTROM_RUNS.iterdir())
EXCEPTIONS = json.loads((DATA / "verdict_exceptions.json").read_text())
CUT_OFF = "cycle-search-timeout"

WORKLOAD, VALID, ERROR, ERRORS = kw("workload"), kw("valid?"), kw("error"), kw("errors")
CASES = frozenset({kw("errs")})


class Run:
    """A recorded run, what Maelstrom said of it and what the checkers say."""

    def __init__(self, folder):
        self.name = folder.name
        self.exceptions = EXCEPTIONS.get(folder.name, {})
        self.recorded = json.loads((folder / "run.json").read_text())
        self.workload = self.recorded["workload"]
        self.expected = loads(gzip.decompress((folder / "results.edn.gz").read_bytes()).decode())
        self.history = read_history(folder / "history.edn.gz")
        self.results = check_run(self.history, self.options())

    def options(self):
        """The options that the command line sets."""
        models = self.argument("--consistency-models")
        availability = self.argument("--availability")
        return CheckOptions(
            self.workload,
            ("strict-serializable",) if models is None else split_models(models),
            None if availability is None else parse_availability(availability),
        )

    def argument(self, flag):
        args = self.recorded["args"]
        return args[args.index(flag) + 1] if flag in args else None

    @property
    def found(self):
        """What the workload's checker says."""
        return self.results[WORKLOAD]

    @property
    def wanted(self):
        """What Maelstrom's said."""
        return self.expected[WORKLOAD]


@pytest.fixture(scope="module", params=RUNS, ids=lambda folder: folder.name)
def run(request):
    return Run(request.param)


def test_there_are_all_recorded_runs():
    assert len(RUNS) == 118
    assert set(EXCEPTIONS) <= {folder.name for folder in RUNS}


def test_the_docs_list_every_exception():
    table = (ROOT / "docs" / "verdicts.md").read_text(encoding="utf-8")
    for name, fields in EXCEPTIONS.items():
        for field in fields:
            assert f"| `{name}` | {field} |" in table


def test_the_verdict_of_the_whole_run_is_maelstroms(run):
    assert to_json(run.results[VALID]) == run.recorded["valid"]


def test_the_verdict_of_the_workload_is_maelstroms(run):
    assert run.found[VALID] == run.wanted[VALID]


def test_the_invalid_checkers_are_maelstroms(run):
    assert sorted(invalid_checkers(run.results)) == sorted(run.recorded["invalid_checkers"])


def test_the_anomalies_are_maelstroms(run):
    found = set(workload_class(run.workload).anomalies(run.found))
    recorded = set(run.recorded["anomalies"])
    if "anomalies" in run.exceptions:
        assert CUT_OFF in recorded
        assert found >= recorded - {CUT_OFF}
    else:
        assert found == recorded


def test_counts_and_availability_are_maelstroms(run):
    for checker in ("stats", "availability"):
        assert run.results[kw(checker)] == run.expected[kw(checker)]


def test_the_fields_of_the_workload_are_maelstroms(run):
    if ERROR in run.wanted:
        assert ERROR in run.found
        return
    if run.workload == "lin-kv":
        assert keyed_verdicts(run.found) == keyed_verdicts(run.wanted)
    elif run.workload.startswith("txn-"):
        assert transactional(run, run.found) == transactional(run, run.wanted)
    else:
        assert comparable(run.found) == comparable(run.wanted)


def comparable(value):
    """A result without the choice of cases shown of many, and lists of errors in one order."""
    if not isinstance(value, dict):
        return equality_key(value)
    kept = {equality_key(key): comparable(item) for key, item in value.items() if key not in CASES}
    if kept.get(ERRORS):
        kept[ERRORS] = sorted(kept[ERRORS], key=repr)
    return kept


def keyed_verdicts(result):
    """Of each key, the verdict and the operation that no order explains."""
    verdicts = {}
    for key, of_key in result[kw("results")].items():
        linearizable = of_key[kw("linearizable")]
        stuck_at = linearizable.get(kw("op"))
        verdicts[key] = (of_key[VALID], stuck_at and equality_key(stuck_at))
    return verdicts, result[kw("failures")]


def transactional(run, result):
    """The models that do not hold and, unless the search was cut off, every case."""
    boundary = (result.get(kw("not")), result.get(kw("also-not")))
    if "anomalies" in run.exceptions:
        return boundary
    anomalies = result.get(kw("anomalies")) or {}
    return boundary, {name: sorted(map(case_key, of(cases))) for name, cases in anomalies.items()}


def of(cases):
    return cases if isinstance(cases, list | tuple) else []


def case_key(case):
    """What a case is about: the operations of its cycle, or the operation, or the key."""
    if kw("cycle") in case:
        steps = [step[kw("type")].name for step in case[kw("steps")]]
        return repr(([index(op) for op in case[kw("cycle")]], steps))
    if kw("op") in case:
        return repr((index(case[kw("op")]), case[kw("mop")]))
    if kw("scc") in case:
        return repr(sorted(case[kw("scc")]))
    return repr(
        [
            (name, plain(case[kw(name)]))
            for name in ("key", "value", "values", "txns")
            if kw(name) in case
        ]
    )


def plain(value):
    if isinstance(value, Tagged):
        return index(value)
    return [plain(item) for item in value] if isinstance(value, list | tuple) else repr(value)


def index(op):
    return op.value[kw("index")]
