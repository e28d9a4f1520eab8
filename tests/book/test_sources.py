"""What holds for the book's sources before anything is built."""

import csv
import re

import pytest
import torch
import torchvision
import yaml
from pybtex.database import BibliographyData, Entry, parse_file

from tests.book.pages import BOOK, ROOT, cited_keys, listed_in_toc, prose, sources

REQUIRED = {
    "article": {"journal", "volume"},
    "inproceedings": {"booktitle"},
    "misc": {"eprint"},
    "techreport": {"institution"},
}
TODAY = 2026


@pytest.fixture(scope="module")
def bibliography() -> BibliographyData:
    return parse_file(str(BOOK / "references.bib"))


@pytest.fixture(scope="module")
def models() -> list[dict[str, str]]:
    with (BOOK / "foundations" / "model-sizes.csv").open() as file:
        return list(csv.DictReader(file))


def test_every_page_is_listed_once_and_every_listed_page_exists():
    listed = listed_in_toc()
    written = [path.relative_to(ROOT).with_suffix("").as_posix() for path in sources()]
    assert sorted(listed) == sorted(written)


def test_a_chapter_is_added_by_one_line_of_the_table_of_contents():
    lines = (ROOT / "_toc.yml").read_text().splitlines()
    for name in listed_in_toc():
        assert sum(line.strip().endswith(name) for line in lines) == 1


def test_nothing_but_pages_is_scanned():
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    assert config["only_build_toc_files"]
    assert {".venv", "_build", "solutions", "assignments", "shared"} <= set(
        config["exclude_patterns"]
    )


def test_a_failing_cell_is_not_tolerated_anywhere():
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    assert config["execute"]["allow_errors"] is False
    assert config["sphinx"]["config"]["nb_execution_raise_on_error"] is True
    for source in sources():
        assert "raises-exception" not in source.read_text(), source


def test_the_preface_says_how_to_cite_what_the_citation_file_says():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    preface = (BOOK / "index.md").read_text()
    assert citation["title"] in preface
    for author in citation["authors"]:
        assert author["name"] in preface


# ---------------------------------------------------------------- references


def test_entries_are_complete(bibliography):
    for key, entry in bibliography.entries.items():
        missing = (REQUIRED[entry.type] | {"title", "year"}) - set(entry.fields)
        assert not missing, f"{key} lacks {missing}"
        assert entry.persons.get("author"), f"{key} has no author"


def test_keys_name_first_author_and_year(bibliography):
    for key, entry in bibliography.entries.items():
        match = re.fullmatch(r"[a-z]+(\d{4})[a-z]?", key)
        assert match, key
        assert match[1] == entry.fields["year"], key


def test_years_and_arxiv_identifiers_agree(bibliography):
    for key, entry in bibliography.entries.items():
        year, eprint = int(entry.fields["year"]), entry.fields.get("eprint")
        assert 1900 < year <= TODAY, key
        if eprint:
            assert re.fullmatch(r"\d{4}\.\d{4,5}", eprint), f"{key}: {eprint}"
            assert 2000 + int(eprint[:2]) <= year, f"{key} appeared before its preprint"


def test_no_work_is_entered_twice(bibliography):
    def signature(entry: Entry) -> str:
        return re.sub(r"\W", "", entry.fields["title"].lower())

    for values in (
        [signature(entry) for entry in bibliography.entries.values()],
        [e.fields["eprint"] for e in bibliography.entries.values() if "eprint" in e.fields],
    ):
        assert sorted(values) == sorted(set(values))


def test_every_citation_has_an_entry_and_every_entry_is_cited(bibliography):
    cited = set().union(*(cited_keys(prose(source)) for source in sources()))
    assert cited - set(bibliography.entries) == set(), "cited, but not in references.bib"
    assert set(bibliography.entries) - cited == set(), "in references.bib, but cited nowhere"


# ---------------------------------------------------------------- sizes of models


def test_models_are_listed_once_in_order_of_time_with_a_source(models, bibliography):
    assert len(models) >= 25
    assert [m["date"] for m in models] == sorted(m["date"] for m in models)
    assert len({m["model"] for m in models}) == len(models)
    for model in models:
        assert re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", model["date"])
        assert model["source"] in bibliography.entries


def test_only_mixtures_of_experts_compute_with_fewer_parameters_than_they_store(models):
    for model in models:
        if model["active"]:
            fewer = float(model["active"]) < float(model["parameters"])
            assert fewer == (model["kind"] == "mixture"), model["model"]


@pytest.mark.parametrize(
    ("name", "builder"),
    [("VGG-16", "vgg16"), ("ResNet-50", "resnet50"), ("ViT-B/16", "vit_b_16")],
)
def test_stated_sizes_agree_with_the_architecture(models, name, builder):
    stated = next(float(model["parameters"]) for model in models if model["model"] == name)
    with torch.device("meta"):
        network = torchvision.models.get_model(builder)
    counted = sum(parameter.numel() for parameter in network.parameters())
    assert counted == pytest.approx(stated, rel=0.01)
