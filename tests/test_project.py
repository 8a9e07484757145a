"""The project as a whole: lint, types, layout, and documents that say what is true."""

import importlib
import inspect
import re
import runpy
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pdoc.doc
import pytest
from PIL import Image

import distributions
import mixtures

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["ruff", "check", "."], id="lint"),
        pytest.param(["ruff", "format", "--check", "."], id="format"),
        pytest.param(["mypy"], id="types"),
    ],
)
def test_tools_find_nothing(command):
    result = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_top_level_is_as_designed():
    allowed = {
        "pyproject.toml",
        "README.md",
        "CHANGELOG.md",
        "LICENSE",
        "distributions",
        "mixtures",
        "tests",
        "notebooks",
    }
    # What git ignores is made by use and not part of the project: the picture of the README's first command, for one.
    ignored = [line.rstrip("/") for line in (ROOT / ".gitignore").read_text(encoding="utf-8").split()]
    present = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    made = {name for name in present if any(fnmatch(name, pattern) for pattern in ignored)}
    assert present - made - allowed == set()
    assert not allowed & made
    assert allowed <= present


def test_readme_has_two_commands_and_ci_runs_the_second():
    blocks = re.findall(r"```bash\n(.*?)```", README, flags=re.DOTALL)
    commands = [line for block in blocks[:2] for line in block.strip().splitlines()]
    assert len(commands) == 2
    assert all(command.startswith("python3 -m venv .venv && ") for command in commands)
    assert "-m mixtures fit" in commands[0]
    assert "-m pytest" in commands[1]
    assert (ROOT / ".ci" / "run").read_text(encoding="utf-8").rstrip().endswith(commands[1])


def test_the_readme_makes_the_reference_of_every_public_name(tmp_path):
    (command,) = re.findall(r"^\.venv/bin/pip .* && \.venv/bin/(pdoc .*)$", README, flags=re.MULTILINE)
    options, listed = command.replace("build/reference", str(tmp_path)).split(" distributions ")
    names = "distributions " + re.sub(
        r"(\S+)\.\{(\S+)\}", lambda m: " ".join(f"{m[1]}.{name}" for name in m[2].split(",")), listed
    )
    modules = names.split()
    inherited = {
        base.__module__
        for package in (distributions, mixtures)
        for name in package.__all__
        if inspect.isclass(kind := getattr(package, name))
        for base in kind.__mro__
        if base.__module__.startswith(("distributions.", "mixtures.")) and not hasattr(mixtures, base.__name__)
        if any(member[0] != "_" for member in vars(base))
    }
    assert inherited <= set(modules)  # where the page of a class sends those who look for a method of its base
    result = subprocess.run(
        [sys.executable, "-m", *options.split(), "mixtures.datasets"], cwd=ROOT, capture_output=True, text=True
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert 'id="load"' in (tmp_path / "mixtures" / "datasets.html").read_text(encoding="utf-8")
    for module in modules:  # pages that take longer to write: what would be in them, without a warning
        page = pdoc.doc.Module(importlib.import_module(module))
        for name, member in page.members.items():
            if name in getattr(page.obj, "__all__", vars(page.obj)) and name[0] != "_":
                assert member.docstring or "." in module, f"{module}.{name}"
            for part in getattr(member, "own_members", []):
                getattr(part, "signature", None)


def test_the_pictures_of_the_readme_are_what_their_script_draws(tmp_path):
    draw = runpy.run_path(str(ROOT / "notebooks" / "pictures" / "make.py"))
    gallery = [f"{name}.png" for name in draw["GALLERY"]]
    shown = re.findall(r"!\[[^\]]+\]\((.*?)\)", README)
    assert sorted(shown) == [
        f"notebooks/pictures/{name}" for name in (*gallery, "old_faithful.gif", "penguins.png", "satellites.png")
    ]
    assert all((ROOT / path).stat().st_size < 500_000 for path in shown)
    draw["satellites"](tmp_path)  # these are quick
    draw["gallery"](tmp_path)
    for name in (*gallery, "satellites.png"):
        committed, drawn = (
            np.asarray(Image.open(folder / name).convert("L"), dtype=float)
            for folder in (ROOT / "notebooks" / "pictures", tmp_path)
        )
        assert committed.shape == drawn.shape
        assert np.abs(committed - drawn).mean() < 2.0, name  # of 255: fonts may move by a pixel


def test_every_notebook_is_in_the_gallery():
    linked = re.findall(r"\]\(notebooks/(\w+)\.ipynb\)", README)
    assert linked == sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
    assert linked == re.findall(r"\]\(notebooks/pictures/(\d\d_\w+)\.png\)", README)


def test_changelog_has_an_unreleased_head():
    headings = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert headings[0] == "Unreleased"


def test_every_dependency_has_a_floor():
    project = PYPROJECT["project"]
    requirements = project["dependencies"] + sum(project["optional-dependencies"].values(), [])
    without = [text for text in requirements if ">=" not in text and not text.startswith("general-mixtures[")]
    assert without == []
    assert set(project["optional-dependencies"]) == {"plot", "notebooks", "docs", "dask", "parquet", "test"}


def test_both_packages_are_typed_and_export_what_they_say():
    for package in (distributions, mixtures):
        assert (Path(package.__file__).parent / "py.typed").exists()
        assert all(hasattr(package, name) for name in package.__all__)
        assert len(set(package.__all__)) == len(package.__all__)
    assert set(distributions.__all__) <= set(mixtures.__all__)


def test_distributions_never_import_mixtures():
    for path in (ROOT / "distributions").rglob("*.py"):
        assert not re.search(r"^\s*(from|import) mixtures", path.read_text(encoding="utf-8"), flags=re.MULTILINE), path
