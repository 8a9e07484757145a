"""The table of families is made from the families, and the README shows it."""

from pathlib import Path

from catalogue import FAMILIES

from mixtures import cli
from mixtures.catalogue import HEADINGS, families, table

README = Path(__file__).resolve().parent.parent.parent / "README.md"


def test_the_readme_shows_the_table():
    assert f"\n\n{table()}\n\n" in README.read_text(encoding="utf-8"), (
        "put in the output of python -m mixtures families"
    )


def test_the_command_line_prints_the_table(capsys):
    assert cli.main(["families"]) == 0
    assert capsys.readouterr().out == table() + "\n"


def test_every_family_with_parameters_has_a_row_with_all_its_cells():
    shown = list(families())
    assert set(shown) == {family for family in FAMILIES if isinstance(family.declared, tuple) and family.declared}
    lines = table().splitlines()
    assert len(lines) == 2 + len(shown)
    for line in lines:
        cells = line.strip("| ").split(" | ")
        assert len(cells) == len(HEADINGS)
        assert all(cells)


def test_rows_say_how_a_family_is_fitted():
    rows = dict(zip([family.__name__ for family in families()], table().splitlines()[2:], strict=True))
    assert rows["Normal"] == "| `Normal` | a finite number | `mean`, `std` | closed form | yes |"
    assert "Newton steps" in rows["Logistic"]
    assert rows["Laplace"].endswith("| no |")
    assert "a finite number in each column" in rows["MultivariateNormal"]


def test_families_are_in_order_and_labels_of_any_kind():
    names = [family.__name__ for family in families()]
    assert names == sorted(names)
    assert "| `Categorical` | a label of any kind |" in table()
