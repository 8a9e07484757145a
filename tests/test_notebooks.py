"""The notebooks: they run, say what they said when they were committed, and keep to the rules for teaching.

After a change, ``python tests/test_notebooks.py`` (of an environment with the packages) writes fresh outputs into them.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from matplotlib.font_manager import findfont
from nbclient import NotebookClient

import distributions
from distributions.kernels import Kernels
from mixtures import Exponential, KMeans, MixtureModel, MultivariateNormal, Normal

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
SECONDS = 60  # of its own: what else runs on the machine is none of its business
PATIENCE = 300  # seconds to wait for it on a busy one
CLOCK = "import time\n\nprint(time.process_time())"
CELLS = 40
BYTES = 1_000_000
FILM_BYTES = 500_000
EXERCISES = 3
SOLUTION = re.compile(r"<details>.*?```python\n(.*?)```.*?</details>", re.DOTALL)
ITERATIONS = re.compile(r"(iterations\W+)\d[\d, ]*")  # their number depends on the last digit of sums
FILM = re.compile(r"data:image/gif;base64,[\w+/=]+")
FAMILY = re.compile(r"\b([A-Z]\w+)\(")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
# Signs of the machine it ran on: folders, and addresses of objects.
TRACES = re.compile(r"/(tmp|home|root|work|usr|opt|var|Users)/|[A-Z]:\\|site-packages|ipykernel_\d|\b0x[0-9a-f]{6,}")


class ThisPython(AsyncKernelManager):
    """Kernels of the Python that runs this test, whichever others are installed."""

    def __init__(self, **settings):
        # Where there are no folders to look in, the kernel of the running Python is the only one.
        super().__init__(kernel_spec_manager=KernelSpecManager(kernel_dirs=[]), **settings)


every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def run(notebook):
    """Return a copy with the outputs of a fresh kernel, and at its end the code of its solutions, run as well.

    Raises
    ------
    AssertionError
        If it takes too long.
    """
    notebook = nbformat.from_dict(notebook)  # a deep copy
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    solutions = [code for text in texts for code in SOLUTION.findall(text)]
    notebook.cells += [nbformat.v4.new_code_cell(code) for code in [*solutions, CLOCK]]
    end = time.monotonic() + PATIENCE
    client = NotebookClient(
        notebook,
        kernel_manager_class=ThisPython,
        kernel_name="python3",
        timeout_func=lambda cell: max(end - time.monotonic(), 1.0),
        resources={"metadata": {"path": str(FOLDER)}},
        record_timing=False,
        coalesce_streams=True,
    )
    with tempfile.TemporaryDirectory() as settings:  # neither the reader's settings nor those of a server
        client.execute(
            env=os.environ | {"MPLBACKEND": "module://matplotlib_inline.backend_inline", "IPYTHONDIR": settings}
        )
    assert float(notebook.cells.pop().outputs[0].text) < SECONDS
    return notebook


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.fixture(scope="module", autouse=True)
def compiled():
    """What takes long to compile, in the cache that kernels share: that is no part of a notebook.

    Nor are the fonts that matplotlib looks for once on a machine, and says so where it takes long.
    """
    findfont("DejaVu Sans")
    MixtureModel([Normal(), Normal()], n_init=2).fit([1.0, 2.0, 3.0, 5.0])
    Exponential().fit([1.0, 2.0])
    named = set(FAMILY.findall("".join(path.read_text(encoding="utf-8") for path in NOTEBOOKS)))
    for family in (getattr(distributions, name) for name in named & set(distributions.__all__)):
        if isinstance(getattr(family, "kernels", None), Kernels):  # those of others depend on what they are made of
            assert all(family.kernels.addresses)
    corners = [[0.0, 0.0], [1.0, 0.0], [0.0, 2.0], [7.0, 7.0], [8.0, 9.0], [9.0, 8.0]]
    MixtureModel(MultivariateNormal(), n_components=2, covariance="EII", n_init=2).fit(corners)
    MixtureModel([Normal(), Normal()], n_init=2, tied="std").fit([1.0, 2.0, 3.0, 5.0])
    KMeans(n_clusters=2).fit(corners)


def shown(cell):
    """Return what a cell shows as (kind, text); of a picture, only that it is one."""
    found = []
    for output in cell.outputs:
        if output.output_type == "stream":
            found.append((output.name, ITERATIONS.sub(r"\1", output.text)))
        elif output.output_type == "error":
            found.append(("error", output.evalue))
        else:
            for kind, text in sorted(output.data.items()):
                text = FILM.sub("a film", text)
                found.append((kind, "" if kind.startswith("image/") else ITERATIONS.sub(r"\1", text)))
    return found


def outputs_with_data(cells):
    return [output for cell in cells for output in cell.outputs if "data" in output]


def test_there_are_notebooks():
    assert NOTEBOOKS, f"no notebook in {FOLDER}"


@every_notebook
def test_it_runs_and_shows_what_it_showed(path):
    committed = nbformat.read(path, as_version=4)
    executed = run(committed)
    for cell in code_cells(executed):
        assert not {"stderr", "error"} & dict(shown(cell)).keys(), f"{cell.source}\n\n{shown(cell)}"
    for before, now in zip(code_cells(committed), code_cells(executed), strict=False):  # solutions show nothing
        hint = f"run tests/test_notebooks.py to renew the outputs; they differ in the cell\n{before.source}"
        assert [kind for kind, _ in shown(before)] == [kind for kind, _ in shown(now)], hint
        for (_, old), (_, new) in zip(shown(before), shown(now), strict=True):
            assert NUMBER.split(old) == NUMBER.split(new), hint
            numbers = [float(number) for number in NUMBER.findall(new)]
            assert [float(number) for number in NUMBER.findall(old)] == pytest.approx(numbers, rel=0.02), hint


@every_notebook
def test_it_is_committed_with_outputs_and_without_traces(path):
    notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata == METADATA
    assert [cell.source for cell in notebook.cells if cell.metadata] == []  # times, collapsed, scrolled, ...
    code = code_cells(notebook)
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in shown(cell)]
    assert any(kind.startswith("image/") for kind, _ in outputs)
    texts = [cell.source for cell in notebook.cells] + [text for _, text in outputs]
    assert [text for text in texts if TRACES.search(text)] == []
    assert path.stat().st_size < BYTES
    films = FILM.findall("".join(output.data.get("text/html", "") for output in outputs_with_data(code)))
    assert all(len(film) * 3 / 4 < FILM_BYTES for film in films)


@every_notebook
def test_it_keeps_to_the_rules_for_teaching(path):
    notebook = nbformat.read(path, as_version=4)
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert text.startswith("# ")
    assert len(notebook.cells) <= CELLS
    assert text.count("<details>") == text.count("</details>") == EXERCISES
    assert len(SOLUTION.findall(text)) == EXERCISES
    assert any("assert " in cell.source for cell in code_cells(notebook))


if __name__ == "__main__":
    for path in [Path(name).resolve() for name in sys.argv[1:]] or NOTEBOOKS:
        notebook = nbformat.read(path, as_version=4)
        executed = run(notebook)
        executed.cells, executed.metadata = executed.cells[: len(notebook.cells)], METADATA
        nbformat.write(executed, path)
