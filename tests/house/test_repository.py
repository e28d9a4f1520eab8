"""The repository as a whole: its size, its map, its licenses, and what must not be committed."""

import json
import re
import tomllib

import pytest
import yaml

from tests.house.sources import ROOT, files

MEGABYTE = 10**6
README = (ROOT / "README.md").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
GENERATED = ("_build", "course", ".venv")


def test_the_repository_is_small():
    assert sum((ROOT / path).stat().st_size for path in files()) <= 25 * MEGABYTE


def test_nothing_generated_is_committed():
    assert [str(path) for path in files() if path.parts[0] in GENERATED] == []


def test_no_notebook_holds_an_output():
    notebooks = [path for path in files() if path.suffix == ".ipynb"]
    assert notebooks
    holding = [
        f"{path} cell {number}"
        for path in notebooks
        for number, cell in enumerate(json.loads((ROOT / path).read_text())["cells"], 1)
        if cell.get("outputs") or cell.get("execution_count")
    ]
    assert holding == []


def test_the_map_in_the_readme_names_everything_at_the_top():
    at_the_top = {path.parts[0] for path in files()} - {"README.md"}
    assert [
        name for name in sorted(at_the_top) if f"`{name}`" not in README.replace("/`", "`")
    ] == []


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_links_between_files_lead_somewhere(document):
    text = (ROOT / document).read_text()
    targets = re.findall(r"\]\(([^)#]+)", text) + re.findall(
        r'(?:src|srcset|href)="([^"#]+)"', text
    )
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (ROOT / target).exists()] == []


def test_pictures_have_a_description_and_are_small():
    pictures = [path for path in files() if path.suffix in (".png", ".webp", ".jpg")]
    assert [str(path) for path in pictures if (ROOT / path).stat().st_size > 300_000] == []
    assert re.findall(r"!\[\s*\]\(|<img(?![^>]*alt=\"[^\"]+\")", README) == []


def test_each_data_set_has_a_license():
    data_sets = {path.parent for path in files() if path.parts[:2] == ("featherweight", "datasets")}
    assert data_sets
    assert [str(folder) for folder in data_sets if not (ROOT / folder / "LICENSE").exists()] == []


def test_licenses_are_whole():
    assert (ROOT / "LICENSE").read_text().startswith("MIT License")
    text = (ROOT / "LICENSE-text").read_text()
    assert "Attribution 4.0 International" in text
    assert all(f"Section {number} --" in text for number in range(1, 9))


def test_the_citation_agrees_with_the_project():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert citation["version"] == PROJECT["version"]
    assert citation["title"].startswith("Featherweight")
    assert sorted(citation["license"]) == sorted(PROJECT["license"].split(" AND "))


def test_the_changelog_tells_of_this_version():
    changelog = (ROOT / "CHANGELOG.md").read_text()
    headings = re.findall(r"^## \[(.+?)\]", changelog, re.MULTILINE)
    assert PROJECT["version"] in headings or headings[0] == "Unreleased"
