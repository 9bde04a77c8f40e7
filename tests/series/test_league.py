"""The league ranks fresh runs with published results, and its table has a place in the docs."""

import pytest

from glomers import lab
from glomers.challenges import CHALLENGES, Published, overall
from glomers.cli import main
from glomers.commands import league as command
from glomers.lab.promises import PROMISES, promises
from glomers.lab.ranking import LEAGUE, MEASURED_HERE
from glomers.series import standings
from glomers.series.standings import LEAGUE_PAGE, league_table, share_text, written_table

PAGE = "# A\n\n<!-- league: begin -->\nold\n<!-- league: end -->\n\nend\n"


@pytest.fixture(scope="module")
def counters(tmp_path_factory):
    """The league of challenge 4, measured in short runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("league"))
        yield lab.league(["4"], time_limit_s=3)


@pytest.fixture
def short(monkeypatch, counters):
    """`glomers league`, with the short runs in the place of all that it would measure."""
    monkeypatch.setattr(standings, "league", lambda **how: counters)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty project, in the current folder."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "pyproject.toml").write_text("")
    monkeypatch.setattr(command, "project_root", lambda: tmp_path)
    return tmp_path


@pytest.mark.slow
def test_every_version_and_every_published_result_is_ranked(counters):
    challenge = CHALLENGES["4"]
    designs = [version.design for version in challenge.versions]
    designs += [result.design for result in challenge.published]
    assert sorted(counters["design"]) == sorted(designs)
    assert counters["msgs_per_op"].is_monotonic_increasing


@pytest.mark.slow
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


@pytest.mark.parametrize(
    ("figures", "judgements", "together"),
    [
        ((29.9, 399, 599), ["met", "met", "met"], "met"),
        ((30, 399, 599), ["missed", "met", "met"], "missed"),
        ((1, None, None), ["met", "unmeasured", "unmeasured"], "unmeasured"),
        ((None, 500, None), ["unmeasured", "missed", "unmeasured"], "missed"),
    ],
)
def test_limits_are_met_missed_or_unmeasured_which_is_not_met(figures, judgements, together):
    challenge = CHALLENGES["3d"]
    found = challenge.judge(Published("a design", "a test", *figures))
    assert [found[limit.metric] for limit in challenge.limits] == judgements
    assert overall(found.values()) == together
    kept = challenge.within_limits(Published("a design", "a test", *figures))
    assert kept is (together == "met")


def test_a_challenge_without_limits_has_none_to_miss():
    assert CHALLENGES["4"].judge(Published("a design", "a test", 3)) == {}
    assert CHALLENGES["4"].within_limits(Published("a design", "a test", 3))


@pytest.mark.slow
def test_what_designs_give_is_measured_for_ours_only(counters):
    is_ours = counters["source"] == MEASURED_HERE
    shares = counters.loc[is_ours, [*PROMISES]]
    assert shares.notna().all(axis=None)
    assert ((shares >= 0) & (shares <= 1)).all(axis=None)
    assert counters.loc[~is_ours, [*PROMISES]].isna().all(axis=None)


@pytest.mark.slow
def test_nodes_that_answer_by_themselves_are_available_and_what_only_they_know_dies_with_them(
    counters,
):
    by_design = counters[counters["source"] == MEASURED_HERE].set_index("design")
    alone = by_design.loc["own counts, read by asking everybody"]
    gossip = by_design.loc["grow-only counter, state gossiped"]
    assert alone["available"] == gossip["available"] == 1
    assert alone["durable"] < gossip["durable"]
    assert gossip["fresh"] < alone["fresh"] < 1


@pytest.mark.slow
def test_a_log_in_a_store_that_never_fails_gives_all_and_one_with_owners_waits_for_them(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    challenge = CHALLENGES["5c"]
    buckets, owner = (promises(challenge, version) for version in challenge.versions[:2])
    assert buckets == {"fresh": 1, "durable": 1, "available": 1}
    assert owner["fresh"] == 1
    assert owner["available"] < 1


def test_a_share_is_a_hundred_per_cent_only_when_nothing_is_missing():
    shares = (1, 0.99999, 0.0129, 0, None, float("nan"))
    assert [*map(share_text, shares)] == ["100 %", "99.9 %", "1.2 %", "0 %", "", ""]


@pytest.mark.slow
def test_the_table_has_the_series_in_bold_type(short):
    rows = [row for row in league_table().splitlines()[2:] if row.startswith("|")]
    assert sum(row.startswith("| **4**") for row in rows) == len(CHALLENGES["4"].versions)
    assert {row.count("|") for row in rows} == {10}


@pytest.mark.slow
def test_what_the_words_of_the_table_mean_stands_below_it(short):
    table, words = league_table().split("\n\n", 1)
    for name, meaning in PROMISES.items():
        assert f" {name} |" in table.splitlines()[0]
        assert f"- **{name}**: {meaning}." in words


@pytest.mark.slow
def test_the_table_replaces_the_one_in_its_page(short, project, capsys):
    page = project / LEAGUE_PAGE
    page.parent.mkdir()
    page.write_text(PAGE)
    assert main(["league", "--write"]) == 0
    assert page.read_text() == PAGE.replace("old\n", capsys.readouterr().out)
    assert written_table(page) == league_table()


@pytest.mark.slow
def test_a_page_without_a_place_for_the_table_is_left_alone(short, project, capsys):
    page = project / LEAGUE_PAGE
    page.parent.mkdir()
    page.write_text("# A\n")
    assert main(["league", "--write"]) == 254
    assert "<!-- league: begin -->" in capsys.readouterr().err
    assert page.read_text() == "# A\n"
