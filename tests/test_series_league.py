"""The league ranks fresh runs with published results, and its table has a place in the README."""

import pytest

from glomers import lab
from glomers.challenges import CHALLENGES
from glomers.cli import main
from glomers.lab.league import LEAGUE, MEASURED_HERE
from glomers.series import league as module
from glomers.series.league import league_table, written_table

README = "# A\n\n<!-- league: begin -->\nold\n<!-- league: end -->\n\nend\n"


@pytest.fixture(scope="module")
def counters(tmp_path_factory):
    """The league of challenge 4, measured in short runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("league"))
        yield lab.league(["4"], time_limit_s=3)


@pytest.fixture
def short(monkeypatch, counters):
    """`glomers league`, with the short runs in the place of all that it would measure."""
    monkeypatch.setattr(module, "league", lambda **how: counters)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty project, in the current folder."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "pyproject.toml").write_text("")
    monkeypatch.setattr(module, "project_root", lambda: tmp_path)
    return tmp_path


def test_every_version_and_every_published_result_is_ranked(counters):
    challenge = CHALLENGES["4"]
    designs = [version.design for version in challenge.versions]
    designs += [result.design for result in challenge.published]
    assert sorted(counters["design"]) == sorted(designs)
    assert counters["msgs_per_op"].is_monotonic_increasing


def test_the_series_has_figures_of_its_own(counters):
    ours = counters[counters["source"] == MEASURED_HERE]
    published = {result.msgs_per_op for result in CHALLENGES["4"].published}
    assert len(ours) == len(CHALLENGES["4"].versions)
    assert published.isdisjoint(ours["msgs_per_op"])


def test_every_challenge_of_the_league_has_versions_to_compare_or_published_results():
    for challenge_id in LEAGUE:
        challenge = CHALLENGES[challenge_id]
        assert len(challenge.versions) + len(challenge.published) > 1


def test_a_published_result_outside_a_limit_is_said_to_miss_it():
    challenge = CHALLENGES["3e"]
    judged = {result.design: challenge.within_limits(result) for result in challenge.published}
    assert judged["tree of four, 500 ms batches"] is False
    assert judged["star, 500 ms batches, acknowledged"] is True


def test_the_table_has_the_series_in_bold_type(short):
    rows = league_table().splitlines()[2:]
    assert sum(row.startswith("| **4**") for row in rows) == len(CHALLENGES["4"].versions)
    assert {row.count("|") for row in rows} == {7}


def test_the_table_replaces_the_one_in_the_readme(short, project, capsys):
    readme = project / "README.md"
    readme.write_text(README)
    assert main(["league", "--write"]) == 0
    assert readme.read_text() == README.replace("old\n", capsys.readouterr().out)
    assert written_table(readme) == league_table()


def test_a_readme_without_a_place_for_the_table_is_left_alone(short, project, capsys):
    readme = project / "README.md"
    readme.write_text("# A\n")
    assert main(["league", "--write"]) == 254
    assert "<!-- league: begin -->" in capsys.readouterr().err
    assert readme.read_text() == "# A\n"
