"""A wrong node explains itself: what is printed names the mistake and its place."""

import json
import re
import time

import pytest

from glomers import lab, node
from glomers.errors import EXIT_BROKEN, EXIT_FAILED
from glomers.formats import node_log
from glomers.reading.finding import Finding, Kind, Place
from tests.helpers.bench import ECHO, HEADING, SHORT, told
from tests.helpers.corpus import PEERS, TXN
from tests.helpers.mistakes import FIVE, MISTAKES
from tests.helpers.mutants import COMMITTED, CROWD, KV, MUTANTS, NODE
from tests.helpers.places import DATA
from tests.helpers.programs import bin_of
from tests.helpers.samples import mostly_slow

FOLDER = DATA / "mistakes"
TRIALS = json.loads((FOLDER / "mistakes.json").read_text())
WORKLOAD = "txn-rw-register"
EDN = re.compile(r"#\w[\w.]*\{|(?<![\w\"'(/]):[a-z][a-z-]+\b|\{:")


@pytest.mark.parametrize("trial", mostly_slow(TRIALS, 4), ids=lambda trial: trial["node"])
def test_a_mistake_is_explained_with_its_place(bench, trial):
    outcome = bench.test(FOLDER / trial["node"], *trial["flags"].split()[2:], workload=_of(trial))
    assert outcome.status in (EXIT_FAILED, EXIT_BROKEN, 2)
    text = told(outcome)
    for word in trial["must_name"]:
        assert re.search(word, text), f"{word} is not in:\n{text}"
    if trial["line"]:
        lines = re.findall(rf"{re.escape(trial['node'])}:(\d+)", text)
        assert any(abs(int(line) - trial["line"]) <= 1 for line in lines), text
    assert len(text.splitlines()) <= 5


def _of(trial):
    return trial["flags"].split()[1]


@pytest.mark.parametrize("mistake", mostly_slow(MISTAKES, 12), ids=lambda mistake: mistake.name)
def test_variations_of_mistakes_are_explained_too(bench, mistake):
    program = bench.node(mistake.source, f"{mistake.name}.py")
    if mistake.helper:
        bench.node(mistake.helper, "helper.py")
    _, workload, *flags = mistake.flags.split()
    outcome = bench.test(program, *flags, workload=workload)
    text = told(outcome)
    assert mistake.is_named_in(text), f"{mistake.words}, {mistake.file}:{mistake.line}\n{text}"
    assert not EDN.search(text), text
    assert "reading/" not in outcome.read("jepsen.log"), "a part of the findings failed"


WORDS = {
    "echo": "echo",
    "unique-ids": "gave the id",
    "broadcast": "acknowledged",
    "g-set": "acknowledged",
    "g-counter": "and right is",
    "pn-counter": "and right is",
    "kafka": "[Oo]ffset|message|poll",
    "lin-kv": "No order explains",
    "txn-rw-register": "transaction|No order",
    "txn-list-append": "transaction|No order|elements",
}


def test_an_answer_that_came_too_late_is_not_said_to_have_never_come(bench):
    wait = "    await asyncio.sleep(6)\n    return"
    slow = ECHO.replace("def echo", "async def echo").replace("    return", wait)
    outcome = bench.test(bench.node(f"import asyncio\n{slow}"), "--time-limit", "10")
    assert "is not heard any more" in told(outcome)
    assert "never answered" not in told(outcome)


@pytest.mark.parametrize(
    ("workload", "mutation", "flags"),
    mostly_slow(case[:3] for case in MUTANTS),
    ids=lambda value: str(value)[:20],
)
def test_whatever_the_checkers_find_is_said_in_plain_words(bench, workload, mutation, flags):
    for seed in range(20):
        outcome = bench.test(
            NODE, *flags, "--seed", str(seed), "--", workload, mutation, workload=workload
        )
        if outcome.status == 1:
            text = told(outcome)
            is_of_workload = re.search("^Not valid: .*workload", outcome.out, re.MULTILINE)
            words = WORDS[workload] if is_of_workload else "No `"
            assert re.search(words, text), text
            assert not EDN.search(text), text
            assert not EDN.search(outcome.out.split("Clock:")[1]), outcome.out
            assert "reading/" not in outcome.read("jepsen.log"), "a part of the findings failed"
            return
    pytest.fail(f"20 seeds did not catch {mutation}")


def test_every_kind_of_anomaly_of_the_mutants_is_told_of():
    assert {CROWD[0], KV[0], COMMITTED[0]} == {"--node-count"}
    assert {workload for workload, *_ in MUTANTS} == set(WORDS)


def test_a_valid_run_says_nothing(bench):
    outcome = bench.test(bench.node(ECHO), *SHORT)
    assert outcome.status == 0
    assert HEADING not in outcome.out
    assert not (outcome.store / "findings.json").exists()


def test_replicas_that_lack_values_are_told_of_although_the_verdict_is_valid(bench):
    node_file = FOLDER / "tells_the_last.py"
    seeds = {}
    for seed in range(12):
        flags = (*FIVE.split()[2:], "--seed", str(seed))
        outcome = bench.test(node_file, *flags, workload="broadcast")
        seeds[outcome.status] = told(outcome)
    assert set(seeds) == {0, 1}, "among twelve seeds both verdicts occur"
    assert "(our own check" in seeds[0]
    assert "never showed it" in seeds[0]
    assert "(our own check" not in seeds[1]


def test_registers_that_differ_are_told_of_although_the_verdict_is_valid(bench):
    flags = (*TXN[:-1], "--node-count", "2", "--final-reads")
    outcome = bench.test(PEERS, *flags, "--", WORKLOAD, "alone", workload=WORKLOAD)
    assert outcome.status == 0
    assert re.search(
        r"\(our own check.*\) For key \d+ in the end n0 holds .*, n1 holds .*; n\d wrote \d+ at "
        r".* s, and nobody ever sent it to n\d",
        told(outcome),
    )
    without = bench.test(PEERS, *flags[:-1], "--", WORKLOAD, "alone", workload=WORKLOAD)
    assert HEADING not in without.out, "nobody asked all nodes in the end"


def test_findings_are_kept_in_the_store_and_shown_by_the_lab(bench):
    outcome = bench.test(FOLDER / "key_error.py", *FIVE.split()[2:], workload="broadcast")
    run = lab.Run.load(outcome.store)
    assert [str(finding) for finding in run.why] == run.findings
    assert [f"  {n}. {each}" for n, each in enumerate(run.why, 1)] == told(outcome).splitlines()
    deed = next(finding for finding in run.why if finding.kind is Kind.DEED)
    assert deed.place == Place("key_error.py", 21)
    assert deed.evidence[0] == '21 | seen.add(message.body["message"])'
    assert HEADING.strip() in repr(run)
    assert "<code>key_error.py:21</code>" in run._repr_html_()


def test_a_failed_run_in_a_notebook_says_what_went_wrong_and_where(bench, monkeypatch):
    monkeypatch.setenv("GLOMERS_ENGINE", "bench")
    command = f"test {FIVE} {bin_of(FOLDER / 'key_error.py')}"
    with pytest.raises(lab.RunFailed) as failed:
        lab.maelstrom(command)
    assert "What went wrong:" in str(failed.value)
    assert "(key_error.py:21)" in str(failed.value)
    assert failed.value.run.why


def test_a_store_without_findings_has_them_made_anew(bench):
    outcome = bench.test(FOLDER / "no_return.py", *SHORT)
    kept = lab.Run.load(outcome.store).findings
    (outcome.store / "findings.json").unlink()
    assert lab.Run.load(outcome.store).findings == kept
    (outcome.store / "findings.json").write_text('[{"kind": "deed"}]')
    assert lab.Run.load(outcome.store).findings == kept


def test_a_finding_survives_being_written():
    finding = Finding(Kind.DEED, "It is so.", Place("a.py", 3), ("3 | pass",), (7,))
    assert Finding.from_json(json.loads(json.dumps(finding.as_json()))) == finding
    assert str(finding) == "It is so (a.py:3)."
    assert str(Finding(Kind.LOSS, "Is it so?")) == "Is it so?"


PRINTS = ECHO.replace("    return", '    print("got", message.body["echo"])\n    return')


def test_what_nodes_print_is_announced_once_and_has_its_time(bench):
    outcome = bench.test(bench.node(PRINTS), *SHORT)
    assert outcome.out.count("Printed by n0: see node-logs/") == 1
    run = lab.Run.load(outcome.store)
    assert repr(run).count("printed by n0: see run.logs") == 1
    first, second, *_ = run.logs["n0"]
    assert first.text == f"({node.PRINT_EXPLANATION})" == node_log.PRINTED
    assert second.text.startswith("got Please echo")
    asked_s = run.ops["start_s"][0]
    assert asked_s < second.time_s < asked_s + 0.001
    assert f"{second.time_s:9.3f} s  {second.text}" in repr(run.logs["n0"])


def test_colours_are_for_terminals_only(bench, monkeypatch):
    flags = FIVE.split()[2:]
    plain = bench.test(FOLDER / "key_error.py", *flags, workload="broadcast")
    assert "\x1b[" not in plain.out
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = bench.test(FOLDER / "key_error.py", *flags, workload="broadcast")
    assert "\x1b[36mkey_error.py:21\x1b[0m" in coloured.out
    assert "\x1b[" not in coloured.read("jepsen.log")


@pytest.mark.slow
def test_looking_for_findings_among_many_messages_and_tracebacks_is_quick(bench):
    source = (FOLDER / "key_error.py").read_text()
    flags = ("--node-count", "25", "--rate", "100", "--time-limit", "20")
    outcome = bench.test(bench.node(source), *flags, workload="broadcast")
    messages = (outcome.store / "net-journal" / "messages.jsonl").read_bytes().count(b'["s"')
    assert messages > 25_000
    (outcome.store / "findings.json").unlink()
    run = lab.Run.load(outcome.store)
    began_s = time.process_time()
    assert "KeyError" in run.findings[1]
    assert time.process_time() - began_s < 3, "it takes a quarter of a second on a quiet machine"
