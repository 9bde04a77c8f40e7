"""The bug hunt: each node fails as it is given, and passes when it is mended."""

import ast
import json

import pytest

from glomers.bench.flags import parse_options
from glomers.bench.once import run_once
from glomers.errors import WorkshopError
from glomers.explore.tally import Tally
from glomers.formats.edn import kw
from glomers.workshop.bug import mended, with_bug
from glomers.workshop.hunt_sheet import answer, hunt_notebook, manifest
from glomers.workshop.hunts import HUNTS, task
from glomers.workshop.stages import FAULTS, PARTITIONS, TOGETHER
from tests.helpers.stages import broken_stage

pytestmark = pytest.mark.slow  # nearly every test takes a node through its stages

EXPECTED = {
    "hunt-1": FAULTS,
    "hunt-2": PARTITIONS,
    "hunt-3": PARTITIONS,
    "hunt-4": FAULTS,
    "hunt-5": TOGETHER,
}
FEW_SEEDS = 8
each = pytest.mark.parametrize("id", HUNTS)


def written(folder, source):
    node = folder / "node.py"
    node.write_text(source, encoding="utf-8")
    return node


@each
def test_a_bug_is_found_at_its_stage(id, tmp_path):
    assert broken_stage(id, written(tmp_path, with_bug(answer(id)))) == EXPECTED[id]


@each
def test_a_mended_node_passes(id, tmp_path):
    assert broken_stage(id, written(tmp_path, mended(answer(id))), FEW_SEEDS) is None


@pytest.mark.whole_corpus
@each
def test_a_mended_node_passes_with_all_seeds(id, tmp_path):
    assert broken_stage(id, written(tmp_path, mended(answer(id)))) is None


@each
def test_some_run_of_a_bug_is_green(id, tmp_path):
    node = written(tmp_path, with_bug(answer(id)))
    words = [*HUNTS[id].flags.split(), "--bin", str(node)]
    outcomes = (run_once(parse_options([*words, "--seed", str(n)]), Tally()) for n in range(100))
    assert any(outcome.results[kw("valid?")] is True for outcome in outcomes)


def test_the_notebook_has_each_node_with_its_bug_three_hints_and_one_check():
    told = manifest()
    assert [hunt["id"] for hunt in told["hunts"]] == list(HUNTS)
    source = {cell["id"]: cell["source"] for cell in json.loads(hunt_notebook())["cells"]}
    for id in HUNTS:
        name = f"%%writefile nodes/{id.replace('-', '_')}.py\n"
        assert source[f"{id}-node"] + "\n" == name + with_bug(answer(id))
        assert source[f"{id}-hints"].count("<details>") == 3
        assert mended(answer(id)) in source[f"{id}-solution"]
    assert sum("lab.check" in text for text in source.values()) == 1
    assert "-solution" not in hunt_notebook(has_solution=False)


@each
def test_both_programs_of_a_hunt_can_be_read_as_python_and_have_no_markers(id):
    for source in (with_bug(answer(id)), mended(answer(id))):
        assert ast.parse(source).body
        assert "# BUG" not in source
        assert "# MENDED" not in source


@pytest.mark.parametrize("text", ["# BUG\n", "# MENDED\n", "# BUG\n# END\n", "# END\n"])
def test_a_marker_out_of_place_is_refused(text):
    with pytest.raises(WorkshopError, match="marker"):
        mended(text)


def test_an_unknown_task_is_refused_with_those_that_there_are():
    with pytest.raises(WorkshopError, match=r"no challenge 'x': there are 1, 2, .*hunt-5"):
        task("x")
