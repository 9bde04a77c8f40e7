"""Making the site: what is rewritten, what is refused, and what is left alone."""

import hashlib
import io
import tarfile
import zipfile

import pytest
from bs4 import BeautifulSoup

from glomers.cli import main
from glomers.errors import SeriesError
from glomers.series import npm_archive, page
from glomers.series.live_cells import enliven, live_nodes
from glomers.series.live_site import build_site
from glomers.series.notebook import Cell, Notebook, read_notebook
from glomers.series.npm_archive import NpmArchive
from glomers.series.page_runtime import as_loader, as_module, package_zip
from tests.helpers.places import ROOT

LOADER = "var x=1;async function dt(){}export{dt as loadPyodide,U as version};\n"
MODULE = (
    "async function _createPyodideModule(){import.meta.url}export default _createPyodideModule;"
)


def test_the_loader_becomes_a_script_without_an_export():
    assert as_loader(LOADER).strip() == "var x=1;async function dt(){}return dt;"
    assert "import.meta" not in as_module(MODULE)
    assert as_module(MODULE).endswith("return _createPyodideModule;")


@pytest.mark.parametrize(
    ("rewrite", "text"),
    [
        (as_loader, LOADER.replace("loadPyodide", "load")),
        (as_loader, LOADER + LOADER),
        (as_loader, LOADER + "import.meta.url"),
        (as_module, MODULE.replace("default", "")),
        (as_module, MODULE.replace("import.meta.url", "")),
    ],
)
def test_another_text_than_the_pinned_one_is_refused(rewrite, text):
    with pytest.raises(SeriesError, match="is not the text that the pages were made for"):
        rewrite(text)


def test_the_package_goes_along_without_what_makes_pages_and_is_always_the_same():
    with zipfile.ZipFile(io.BytesIO(package_zip())) as archive:
        names = archive.namelist()
    assert "glomers/workshop/desk.py" in names
    assert "glomers/workshop/exercises/3c.toml" in names
    assert not [name for name in names if name.startswith(("glomers/series", "glomers/commands"))]
    assert package_zip() == package_zip()


@pytest.fixture
def archive(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return NpmArchive("no-such", "1.0.0", "0" * 128)


def test_without_npm_a_sentence_says_what_to_do(archive, monkeypatch):
    monkeypatch.setattr(npm_archive.shutil, "which", lambda name: None)
    assert not archive.is_there()
    with pytest.raises(SeriesError, match="with npm, or put no-such-"):
        archive.fetch()


def test_another_archive_than_the_pinned_one_is_refused(archive):
    archive.path.parent.mkdir(parents=True)
    archive.path.write_bytes(b"something else")
    with pytest.raises(SeriesError, match="is not the archive of no-such"):
        archive.fetch()


def test_a_folder_with_something_else_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(SeriesError, match="which is not of a site: name a new folder"):
        build_site(ROOT, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_without_a_site_there_is_nothing_to_serve(tmp_path, capsys):
    assert main(["serve", str(tmp_path)]) == 254
    assert "There is no site in" in capsys.readouterr().err


def test_a_live_page_runs_scripts_beside_it_and_a_still_one_none():
    still = page.page("t", "<p>x</p>")
    assert "<script" not in still
    live = page.page("t", "<p>x</p>", live=page.Live("runtime-0.js"))
    assert "connect-src" not in live
    assert "default-src 'none'" in live.replace("&#39;", "'")
    assert "unsafe-eval'" in live.replace("&#39;", "'")
    assert " 'unsafe-eval'" not in live.replace("&#39;", "'")
    assert '<script src="live.js" data-runtime="runtime-0.js"></script>' in live


def test_a_live_cell_keeps_what_stood_in_the_page(tmp_path):
    source = "%%writefile nodes/a.py\nfrom glomers.node import Node\n"
    run = 'lab.maelstrom("test -w echo --bin nodes/a.py", seed=2)'
    cells = [Cell("code", text, {"outputs": []}) for text in (source, run)]
    body = BeautifulSoup(f'<div class="highlight"><pre>{source}</pre></div>', "html.parser")
    assert enliven(body, Notebook(tmp_path / "x.ipynb", cells, {})) == 1
    assert body.select_one(".live > .highlight > pre").get_text() == source
    assert '"command": "test -w echo --bin nodes/a.py", "seed": 2' in body.div["data-node"]


def test_an_archive_is_unpacked_by_every_python_that_will_do(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("package/deep/x.mjs")
        member.size = 3
        archive.addfile(member, io.BytesIO(b"1+1"))
    ours = NpmArchive("a", "1.0.0", hashlib.sha512(packed.getvalue()).hexdigest())
    ours.path.parent.mkdir(parents=True)
    ours.path.write_bytes(packed.getvalue())
    # Python 3.11.2, which Debian 12 has, knows no filter of `extractall`.
    monkeypatch.delattr(tarfile.TarFile, "extractall")
    assert (ours.unpack(tmp_path / "here") / "deep" / "x.mjs").read_bytes() == b"1+1"
    assert ours.read("deep/x.mjs") == b"1+1"


@pytest.mark.parametrize(
    ("lesson", "node", "seed", "faults"),
    [
        ("04-counter", "counter_cas", 6, None),
        ("08-explore", "ids_clock", 0, "skew"),
        ("08-explore", "set_promise", 0, "partition,kill"),
    ],
)
def test_a_live_cell_has_the_seed_and_the_faults_of_its_lesson(lesson, node, seed, faults):
    nodes = live_nodes(read_notebook(ROOT / "notebooks" / f"{lesson}.ipynb"))
    live = nodes[f"nodes/{node}.py"]
    assert (live.seed, live.faults) == (seed, faults)
