"""The documents cannot disagree with the code: generated pages are current, shown commands exist, shown YAML loads."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
from pathlib import Path

import click
import pytest
import yaml

from docs import demo
from driftloop.pipelines.cli import COMMANDS, main
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.config.yaml_file import Loader
from tests import streams

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(language: str) -> list[tuple[Path, str]]:
    pattern = re.compile(rf"```{language}\n(.*?)```", re.DOTALL)
    return [(page, block) for page in PAGES for block in pattern.findall(page.read_text("utf-8"))]


def commands() -> list[str]:
    found = [match for _, block in blocks("console") for match in re.findall(r"^\$ (.*)$", block, re.MULTILINE)]
    assert len(found) >= 5, "the README shows its commands in console blocks"
    return found


@pytest.mark.parametrize("page", ["config.md", "commands.md", "findings.md"])
def test_generated_pages_are_current(page: str) -> None:
    """`python docs/generate.py` would change nothing."""
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (ROOT / "docs" / page).read_text("utf-8") == module.PAGES[page]()


def test_every_shown_command_exists() -> None:
    """Each driftloop command of the documents has that name and those options; each make target is there."""
    makefile = (ROOT / "Makefile").read_text()
    observed = 0
    for command in commands():
        words = [word for word in shlex.split(command, comments=True) if "=" not in word or word.startswith("-")]
        if words[0] == "driftloop":
            observed += 1
            if words[1].startswith("-"):
                continue
            known = main.command_called(words[1])
            options = {name for parameter in known.params for name in parameter.opts} | {"--help"}
            assert {word for word in words[2:] if word.startswith("-")} <= options, command
        elif words[0] == "make":
            observed += 1
            assert re.search(rf"^{words[1]}:", makefile, re.MULTILINE), command
    assert observed >= 5


def test_every_command_is_documented() -> None:
    """No command exists without standing in the README."""
    readme = (ROOT / "README.md").read_text("utf-8")
    for name in COMMANDS:
        assert f"driftloop {name}" in readme, name


def test_every_shown_yaml_loads() -> None:
    """A YAML block of the documents, laid over a whole config, is a valid config."""
    shown = blocks("yaml")
    assert len(shown) >= 3
    for page, block in shown:
        part = yaml.load(block, Loader)
        whole = streams.config()
        for key, value in part.items():
            # A source is one place: files and a table together would be two.
            laid_over = isinstance(value, dict) and isinstance(whole.get(key), dict) and key != "source"
            whole[key] = {**whole[key], **value} if laid_over else value
        if "columns" in part or "task" in part:
            whole = {**streams.config(), **part}
        assert Project.model_validate(whole), page


def test_links_between_the_documents_lead_somewhere() -> None:
    """Every relative link of the documents is a file of the repository."""
    links = [(page, link) for page in PAGES for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8"))]
    assert links
    for page, link in links:
        assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_every_test_that_a_document_names_is_there() -> None:
    """A promise whose proof is gone is no promise: each `tests/FILE::NAME` of the documents is a test of that file."""
    proof = r"`(tests/[\w/]+\.py)(?:::(\w+))?`"
    named = [(page, *found) for page in PAGES for found in re.findall(proof, page.read_text("utf-8"))]
    assert len(named) >= 10
    for page, file, name in named:
        assert f"def {name}" in (ROOT / file).read_text("utf-8"), f"{page.name}: {file}::{name}"


def test_the_readme_shows_the_demo_as_it_is() -> None:
    """Its first weeks are those of the frozen demo, which a test runs: rows, drift, loss and verdict."""
    (block,) = demo.BLOCK.findall((ROOT / "README.md").read_text("utf-8"))
    assert demo.shortened(block) == block
    frozen = json.loads((ROOT / "tests" / "fixtures" / "demo.json").read_text())
    for line, check in zip(block.splitlines()[1:], frozen, strict=False):
        week, rows, drift, loss, outcome, *_ = line.split()
        assert check["window"]["start"].startswith(week)
        assert (rows, outcome) == (f"{check['window']['rows']:,}", check["outcome"])
        if drift != "-":
            assert (drift, loss) == (f"{check['drift_share']:.0%}", f"{check['performance']['loss']:.2f}")


def test_the_readme_names_no_missing_file() -> None:
    """Files that the layout of the README names are there."""
    named = re.findall(r"^    (\w[\w/.]*\.\w+)", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    for name in named:
        assert (ROOT / name).exists(), name


def test_the_page_on_extending_names_what_is_there() -> None:
    """Every file, folder and test that it names exists, so that the way to an extension is not a dead end."""
    page = (ROOT / "docs" / "extending.md").read_text("utf-8")
    paths = [name for name in re.findall(r"`((?:monitoring|pipelines|tests)/[\w/.]+)`", page) if "NAME" not in name]
    assert len(paths) >= 25
    assert [name for name in paths if not (ROOT / name).exists()] == []
    tests = "".join(file.read_text("utf-8") for file in (ROOT / "tests").rglob("test_*.py"))
    named = re.findall(r"`(test_\w+)`", page)
    assert len(named) >= 8
    assert [name for name in named if f"def {name}(" not in tests] == []


def test_help_is_worded_for_every_option() -> None:
    """No option of any command is without its sentence."""
    for name in COMMANDS:
        for parameter in main.command_called(name).params:
            if isinstance(parameter, click.Option):
                assert parameter.help, f"{name} {parameter.opts}"


def test_every_key_of_the_config_has_a_description() -> None:
    """No key of any section or policy lacks a meaning; a constant names a policy or a loss, `file` is not a key."""
    schema = Project.model_json_schema()
    objects = {"Project": schema, **schema["$defs"]}
    keys = [
        (f"{name}.{key}", field)
        for name, kind in objects.items()
        for key, field in kind.get("properties", {}).items()
        if key != "file" and "const" not in field
    ]
    assert len(keys) > 100
    assert not [key for key, field in keys if not field.get("description")]


def test_the_site_has_a_place_for_every_page() -> None:
    """The nav of mkdocs.yml names each page of docs/ once, under a title, and nothing else."""
    nav = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))["nav"]
    named: list[str] = []
    for entry in nav:
        for pages in entry.values():
            named += [pages] if isinstance(pages, str) else [page for titled in pages for page in titled.values()]
    assert sorted(named) == sorted(page.name for page in (ROOT / "docs").glob("*.md"))


def test_the_site_loads_nothing_from_other_hosts() -> None:
    """Without fonts, scripts and plugins that fetch files, `make docs` works offline and so do its pages."""
    config = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))
    assert config["theme"]["font"] is False
    assert config["plugins"] == ["search"]
    assert not {"extra_css", "extra_javascript"} & set(config)
    pages = "".join(page.read_text("utf-8") for page in (ROOT / "docs").glob("*.md"))
    assert not re.findall(r"!\[[^\]]*\]\(https?:|<(?:img|script|link|iframe)\b", pages)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and the site make them."""
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_links_to_a_heading_find_it() -> None:
    """The part after `#` of a link between the documents, or within one, is a heading of that page."""
    links = [
        (page, *link) for page in PAGES for link in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", page.read_text("utf-8"))
    ]
    assert len(links) > 10
    for page, file, anchor in links:
        target = page.parent / file if file else page
        assert anchor in anchors(target), f"{page.name}: {file}#{anchor}"
