"""`glomers assess` and `lab.check`: what they say, show and return."""

import json
import re
import sys
import threading
from argparse import Namespace
from pathlib import Path

import pytest
from jupyter_client.manager import start_new_kernel

from glomers import lab
from glomers.challenges import CHALLENGES
from glomers.commands import assess as command
from glomers.errors import WorkshopError
from glomers.workshop.assessment import assess
from glomers.workshop.limits import limits_result, measured
from glomers.workshop.runs import run_stage
from glomers.workshop.stages import official_command, stages_of
from glomers.workshop.telling import lines
from glomers.workshop.verdict import StageResult, Verdict
from tests.helpers.bench import told
from tests.helpers.wrong_nodes import IMPOSTORS, LEARNERS, TRIALS

pytestmark = pytest.mark.slow  # nearly every test takes a node through its stages

ALL = CHALLENGES["3b"].path
RETRY = CHALLENGES["3c"].path


def assess_command(challenge, node, seeds, *, as_json=False, watch=False):
    """The exit status of `glomers assess`."""
    how = {"seeds": seeds, "clock": None, "json": as_json, "watch": watch}
    arguments = Namespace(id=challenge, bin=node, **how)
    return command.act(arguments)


@pytest.fixture(autouse=True)
def work(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def assessed(challenge, node, seeds=20):
    folder = Path("found")
    folder.mkdir()
    return assess(CHALLENGES[challenge], node, folder.resolve(), seeds=seeds)


def test_a_node_that_passes_is_told_what_was_checked_what_was_not_and_how_much_it_proves():
    verdict = assessed("3c", RETRY)
    assert verdict.passed
    text = "\n".join(lines(verdict))
    assert "official command" in text
    assert "Not checked: nodes that crash" in text
    assert "rule of three" in text
    count, telling = re.search(r"\((\d+) runs, of which (\d+) count\)", text).groups()
    assert f"something was at stake in {telling} of {count} runs" in text
    assert f"3 divided by {telling}," in text


def test_json_is_one_object_and_the_status_says_whether_all_stages_pass(capsys):
    assert assess_command("3c", RETRY, 10, as_json=True) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"challenge", "passed", "stages"}
    assert found["passed"] is True
    assert all(set(stage) == {"name", "passed", "why"} for stage in found["stages"])
    assert assess_command("3c", ALL, 10, as_json=True) == 1
    found = json.loads(capsys.readouterr().out)
    states = {stage["name"]: stage["passed"] for stage in found["stages"]}
    assert states == {
        "it starts": True,
        "replies are well formed": True,
        "one node is right": True,
        "all nodes agree": True,
        "partitions": False,
    }
    assert found["passed"] is False


def stages_told(*passed):
    """What is known of three stages, of which these have passed or not."""
    names = ("it starts", "one node is right", "partitions")
    states = [*passed, None, None, None][:3]
    return [StageResult(name, state, "Why.") for name, state in zip(names, states, strict=True)]


def test_stages_are_printed_once_and_as_they_pass(capsys):
    printer = command._Printer(CHALLENGES["3c"], RETRY)
    printer.tell(stages_told())
    assert capsys.readouterr().out == f"Challenge 3c, Broadcast, fault tolerant: {RETRY}\n"
    printer.tell(stages_told(True))
    assert capsys.readouterr().out == "  ✓ it starts: Why.\n"
    printer.finish(Verdict(CHALLENGES["3c"], RETRY, tuple(stages_told(True, False))))
    rest = ["  ✗ one node is right: Why.", "  · partitions: Why."]
    assert capsys.readouterr().out.splitlines() == rest


def test_a_terminal_shows_what_is_under_way_until_it_has_come_to_an_end(capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    printer = command._Printer(CHALLENGES["3c"], RETRY)
    printer.tell(stages_told(True))
    assert capsys.readouterr().out.endswith("Why.\n  … one node is right\r")
    printer.tell(stages_told(True, True))
    erased, told, under_way = capsys.readouterr().out.splitlines(keepends=True)
    assert erased.strip() == ""
    assert told == "  ✓ one node is right: Why.\n"
    assert under_way == "  … partitions\r"


CHECK_CELL = """
from glomers import lab
from glomers.engine import guarded
guarded.TAIL_INTERVAL_S = 0.05
lab.check("3b", {node!r}, seeds=20)
"""


def outputs_of_check(*, is_watched):
    """The messages with outputs of a cell with a check."""
    manager, client = start_new_kernel()
    messages = []
    try:
        cell = CHECK_CELL.format(node=str(ALL))
        hook = {"allow_stdin": is_watched, "output_hook": messages.append}
        client.execute_interactive(cell, timeout=100, **hook)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    outputs = [each for each in messages if "data" in each["content"]]
    return [(each["msg_type"], each["content"]["data"]) for each in outputs]


def test_a_notebook_shows_how_far_a_check_is_in_one_place_that_is_empty_in_the_end():
    *way, (kind, result) = outputs_of_check(is_watched=True)
    assert kind == "execute_result"
    assert [kind for kind, _ in way[:2]] == ["display_data", "update_display_data"]
    shown = [data["text/plain"] for _, data in way]
    assert "✓ it starts" in shown[-2]
    assert shown[-2].endswith(" …")
    assert shown[-1] == ""
    assert result["text/plain"].count("✓") == 4


def test_a_notebook_that_nobody_looks_at_keeps_the_result_of_a_check_alone():
    ((kind, result),) = outputs_of_check(is_watched=False)
    assert kind == "execute_result"
    assert result["text/plain"].count("✓") == 4


def test_the_sentence_is_the_one_that_bench_test_prints(bench):
    verdict = assessed("3b", TRIALS / "one_hop.py")
    words = verdict.evidence.command[1:]
    workload, node, *flags = words[1], words[3], *words[4:]
    printed = told(bench.test(node, *flags, workload=workload))
    for finding in verdict.evidence.findings:
        assert finding in printed


def test_a_broken_stage_shows_the_smallest_failure_and_the_hint_that_fits():
    verdict = assessed("3c", ALL)
    evidence = verdict.evidence
    assert "never sent it again" in evidence.smallest
    assert (evidence.store / "messages.svg").read_text(encoding="utf-8").startswith("<svg")
    assert "Hint 1" in verdict.advice
    broken = [stage for stage in verdict.stages if not stage.passed]
    assert [stage.why for stage in broken] == [evidence.findings[0]]


@pytest.mark.parametrize(
    ("node", "words"),
    [
        ("3c_hub_n0.py", "With the names n0"),
        ("2_shared_out.py", "With 3 nodes a run like this passes"),
    ],
)
def test_a_node_that_relies_on_names_or_their_number_is_told_so(node, words):
    verdict = assessed(node.partition("_")[0], IMPOSTORS / node)
    assert words in verdict.evidence.relies_on


def test_what_nodes_wrote_is_told_first_where_the_verdict_says_nothing():
    source = (IMPOSTORS / "6c_alone.py").read_text(encoding="utf-8")
    talks = source.replace(
        "def run(f, key, value):",
        '@node.every(1)\ndef tell():\n    node.send("n0", {"type": "all", "keys": set()})\n\n\n'
        "def run(f, key, value):",
    )
    node = Path("talks.py")
    node.write_text(talks, encoding="utf-8")
    verdict = assessed("6c", node)
    assert "a list would do" in verdict.evidence.findings[0]


def test_a_missed_limit_is_told_with_both_figures():
    challenge = CHALLENGES["3d"]
    batched = CHALLENGES["3e"].versions[0].path
    result = limits_result(challenge, official_command(challenge, batched), measured)
    assert result.passed is False
    assert "median stable latency" in result.why
    assert "below 400" in result.why
    assert "messages per operation" not in result.why


@pytest.mark.parametrize("name", ["missing.py", "plain.py"])
def test_a_node_that_cannot_be_run_is_refused_in_a_sentence(name):
    Path("plain.py").write_text("print(1)\n")
    with pytest.raises(WorkshopError, match=name):
        assessed("1", Path(name))


def test_watching_checks_again_when_the_file_changes(monkeypatch, capsys):
    node = Path("node.py")
    node.write_text("from glomers.node import Node\n", encoding="utf-8")
    texts = [CHALLENGES["1"].path.read_text(encoding="utf-8")]

    def write_next(path, seen):
        if not texts:
            raise KeyboardInterrupt
        path.write_text(texts.pop(), encoding="utf-8")

    monkeypatch.setattr(command, "await_change", write_next)
    with pytest.raises(KeyboardInterrupt):
        assess_command("1", node, 5, watch=True)
    printed = capsys.readouterr().out
    assert printed.index("✗ it starts") < printed.index("✓ one node is right")


def test_a_change_is_noticed_when_the_file_is_written_anew(monkeypatch):
    node = Path("node.py")
    node.write_text("1", encoding="utf-8")
    monkeypatch.setattr(command, "WATCH_S", 0.01)
    seen = command.changed_at(node)
    writer = threading.Timer(0.1, node.write_text, ["2"])
    writer.start()
    command.await_change(node, seen)
    writer.join()
    assert node.read_text(encoding="utf-8") == "2"


def test_a_change_during_a_check_is_noticed_after_it_and_a_half_written_file_ends_no_watch(
    monkeypatch, capsys
):
    node = Path("node.py")
    node.write_text("from glomers.node import Node\n", encoding="utf-8")
    texts = ["half", CHALLENGES["1"].path.read_text(encoding="utf-8")]
    assess_once = command._assess_once

    def assess_and_write(challenge, path, *how):
        try:
            return assess_once(challenge, path, *how)
        finally:
            if not texts:
                raise KeyboardInterrupt
            path.write_text(texts.pop(0), encoding="utf-8")

    monkeypatch.setattr(command, "_assess_once", assess_and_write)
    monkeypatch.setattr(command, "WATCH_S", 0.01)
    with pytest.raises(KeyboardInterrupt):
        assess_command("1", node, 5, watch=True)
    printed = capsys.readouterr().out
    broken, unfit, right = "✗ it starts", "cannot run in virtual time", "✓ one node is right"
    assert printed.index(broken) < printed.index(unfit) < printed.index(right)


def test_a_pass_tells_what_the_node_does_wrong_all_the_same():
    source = RETRY.read_text(encoding="utf-8")
    tells = "    for peer in node.peers:\n"
    assert tells in source
    node = Path("no_handler.py")
    node.write_text(source.replace(tells, f'{tells}        node.send(peer, {{"type": "hello"}})\n'))
    ticks = lab.check("3c", node, seeds=2)
    assert ticks.passed
    for shown in ticks._repr_mimebundle_().values():
        assert "There is no handler for" in shown
    assert lab.check("3c", RETRY, seeds=2)._told["remarks"] == []


@pytest.mark.parametrize(
    ("name", "words", "advice"),
    [
        ("3c_share_unanswered", "never answered by any of the 5 nodes", "needs a reply"),
        ("5a_commits_as_they_come", "the larger one counts", "in any order"),
        ("6a_write_answers_old", 'was asked for ["w", 6, 1]', "the value that was written"),
        ("1_cut_short", "characters, and answers", "Hint"),
        ("3d_asks_everybody", "ask others before it answered", "not asked for when it is read"),
        ("5b_answers_first", "before they were written to the service", "before the reply"),
    ],
)
def test_what_only_messages_tell_has_its_line_and_its_advice(name, words, advice):
    verdict = assessed(name.partition("_")[0], LEARNERS / f"{name}.py")
    (finding,) = verdict.evidence.findings
    assert words in finding
    assert f"{name}.py:" in finding
    assert advice in verdict.advice


@pytest.mark.whole_corpus
def test_what_slow_readers_find_is_explained_by_a_command_that_can_be_given():
    verdict = assessed("5c", LEARNERS / "5c_answered_for.py")
    assert "holds several messages" in verdict.evidence.findings[0]
    assert verdict.evidence.command[1:3] == ("-w", "kafka")


def test_transactions_that_are_mixed_are_told_and_not_called_a_matter_of_numbers():
    verdict = assessed("6b", LEARNERS / "6b_stamp_per_write.py")
    assert "both wrote the keys" in verdict.evidence.findings[0]
    assert "the same stamp" in verdict.advice
    assert verdict.evidence.relies_on is None


@pytest.mark.whole_corpus
def test_polls_of_which_nobody_can_judge_a_single_run_are_told_to_leave_keys_out():
    source = CHALLENGES["5a"].path.read_text(encoding="utf-8")
    shown = '{"type": "poll_ok", "msgs": '
    before, found, after = source.partition(shown)
    assert found
    _, end, rest = after.partition("}\n")
    node = Path("nothing.py")
    nothing = '{key: [] for key in message.body["offsets"]}'
    node.write_text(before + shown + nothing + end + rest, encoding="utf-8")
    verdict = assessed("5a", node, seeds=3)
    assert not verdict.passed
    assert "leaves out keys without messages" in verdict.evidence.findings[0]


def test_a_form_that_is_wrong_is_told_once_with_its_line():
    node = Path("wrong.py")
    source = CHALLENGES["1"].path.read_text(encoding="utf-8")
    node.write_text(source.replace('"echo": message', '"text": message'), encoding="utf-8")
    evidence = assessed("1", node).evidence
    assert len(evidence.findings) == 1
    assert "'echo' is missing" in evidence.findings[0]
    assert "wrong.py:" in evidence.findings[0]


def test_a_form_that_is_wrong_in_some_replies_only_is_told_before_what_comes_of_it():
    source = CHALLENGES["5a"].path.read_text(encoding="utf-8")
    pairs = "list(enumerate(logs[key]))[offset:]"
    assert pairs in source
    node = Path("values.py")
    node.write_text(source.replace(pairs, "logs[key][offset:]"), encoding="utf-8")
    verdict = assessed("5a", node)
    assert "not a map from keys to lists of [offset, message]" in verdict.evidence.findings[0]
    assert "lists of pairs" in verdict.advice


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ('message["echo"]', "dict `message.body`"),
        ('message.body["txt"]', "no such key"),
        ("undefined", "mend the line"),
        ("{1}", "what JSON knows"),
    ],
)
def test_a_mistake_that_can_be_made_everywhere_gets_its_advice(wrong, words):
    node = Path("wrong.py")
    source = CHALLENGES["1"].path.read_text(encoding="utf-8")
    node.write_text(source.replace('message.body["echo"]', wrong), encoding="utf-8")
    assert words in assessed("1", node).advice


def test_a_notebook_shows_ticks_findings_and_the_picture():
    ticks = lab.check("3c", ALL, seeds=10)
    assert not ticks.passed
    assert [stage["name"] for stage in ticks.stages][-1] == "partitions"
    shown = ticks._repr_mimebundle_()
    assert shown["text/html"].count("✓") == 4
    assert shown["text/html"].count("✗") == 1
    assert "<svg" in shown["text/html"]
    assert "never sent it again" in shown["text/plain"]
    assert "store/" not in shown["text/plain"]
    assert ticks.counterexample is not None


def test_a_notebook_shows_how_much_a_pass_proves():
    ticks = lab.check("1", CHALLENGES["1"].path, seeds=10)
    assert ticks.passed
    assert "rule of three" in ticks._repr_mimebundle_()["text/html"]


def test_what_a_node_says_is_shown_as_text():
    node = Path("evil.py")
    source = CHALLENGES["1"].path.read_text(encoding="utf-8")
    node.write_text(source.replace('message.body["echo"]', '"<script>alert(1)</script>"'))
    shown = lab.check("1", node, seeds=5)._repr_mimebundle_()["text/html"]
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown


@pytest.mark.parametrize(("challenge", "node"), [("9", "x.py"), ("1", "missing.py")])
def test_a_check_that_cannot_be_made_says_why(challenge, node):
    with pytest.raises(lab.LabError, match=r"There is no (challenge '9'|file missing.py)"):
        lab.check(challenge, node)


def test_no_more_runs_are_begun_when_the_first_has_broken_a_promise():
    stage = stages_of(CHALLENGES["3b"], TRIALS / "one_hop.py")[-1]
    assert list(run_stage(stage)) == [0]


def test_a_node_that_hangs_gets_no_advice_but_what_the_finding_says():
    verdict = assessed("3b", TRIALS / "spins.py")
    assert "spins.py:21" in verdict.evidence.findings[0]
    assert verdict.evidence.store is None
    assert verdict.advice is None
