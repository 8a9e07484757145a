"""The command line: what it prints, reads and writes, and one clear line for whatever is wrong."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from distributions import ConvergenceWarning, DegeneracyWarning, Distribution, MultivariateNormal, Normal
from mixtures import Categorical, MixtureModel, Poisson, Product, __main__, cli, csv_tables, datasets
from mixtures.plotting import Plots

plot = Plots.__call__

WAITING = ["fit", "old_faithful", "--column", "waiting", "--components", "Normal", "Normal"]


@pytest.fixture
def table(tmp_path):
    def write(text, name="data.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    return write


@pytest.fixture
def fails(capsys):
    """Run the command line, which must fail with one line; return what it says."""

    def run(*arguments):
        assert cli.main([str(argument) for argument in arguments]) == 2
        out, err = capsys.readouterr()
        assert out == "" or "--json" in arguments or "--plot" in arguments
        assert err.count("\n") == 1
        assert err.startswith("mixtures: error: ")
        return err.removeprefix("mixtures: error: ").rstrip("\n")

    return run


def test_a_bundled_data_set(capsys):
    assert cli.main(WAITING) == 0
    out, err = capsys.readouterr()
    model = MixtureModel([Normal(), Normal()]).fit(datasets.load("old_faithful")["waiting"])
    assert out == model.summary() + "\n"
    assert err == ""


def test_as_a_process():
    done = subprocess.run([sys.executable, "-m", "mixtures", *WAITING], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "log-likelihood   -1034.002" in done.stdout
    failed = subprocess.run([sys.executable, "-m", "mixtures", "fit", "no.csv", "--components", "Normal"],
                            capture_output=True, text=True)  # fmt: skip
    assert (failed.returncode, failed.stdout) == (2, "")
    assert re.fullmatch(r"mixtures: error: there is no file 'no\.csv'.*\n", failed.stderr)


def test_weights(capsys):
    weighted = ["fit", "times_deaths", "--weights", "days", "--components", "Poisson", "Poisson"]
    assert cli.main(weighted) == 0  # the weights are no candidate for the column
    out = capsys.readouterr().out
    assert "10 rows of total weight 1096, 1 column" in out
    assert "-1989.946" in out


def test_several_columns(capsys):
    columns = ["--column", "eruptions", "waiting"]
    assert cli.main(["fit", "old_faithful", *columns, "--components", *["MultivariateNormal"] * 2]) == 0
    assert "272 rows, 2 columns" in capsys.readouterr().out


def test_seed(capsys, monkeypatch):
    seeds = []
    monkeypatch.setattr(cli, "MixtureModel", lambda parts, rng, **_: seeds.append(rng) or MixtureModel(parts, rng=rng))
    assert cli.main([*WAITING, "--seed", "17"]) == 0
    assert cli.main(WAITING) == 0
    assert seeds == [17, 0]


def test_json_is_the_fitted_model(tmp_path, capsys):
    path = tmp_path / "model.json"
    assert cli.main([*WAITING, "--json", str(path)]) == 0
    model = MixtureModel([Normal(), Normal()]).fit(datasets.load("old_faithful")["waiting"])
    read = Distribution.from_json(path.read_text("utf-8"))
    assert read == model
    assert read.feature_names_in_.tolist() == ["waiting"]
    np.testing.assert_array_equal(read.history_, model.history_)


def test_plot(tmp_path, capsys):
    path = tmp_path / "waiting.png"
    assert cli.main([*WAITING, "--plot", str(path)]) == 0
    assert path.read_bytes().startswith(b"\x89PNG")


def test_help_has_examples_and_names(capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["fit", "--help"])
    assert stop.value.code == 0
    out = capsys.readouterr().out
    for part in ("examples:", "families: ", "MultivariateNormal", "times_deaths", "--weights NAME"):
        assert part in out


def test_examples_of_the_help_parse():
    lines = [line.split()[3:] for line in cli.EXAMPLES.splitlines()[1:]]
    assert len(lines) == 7
    for line in lines:
        cli._parser().parse_args(line)


def test_entry_point_is_main():
    assert __main__.main is cli.main


# ---------------------------------------------------------------------------------------------- tables that work


@pytest.mark.parametrize(
    "text",
    [
        "x\n1\n2\n4\n",
        "x\r\n1\r\n2\r\n4\r\n",
        "x\r1\r2\r4",
        "\ufeffx\n1\n2\n4",
        '"x"\n"1"\n"2"\n"4"\n',
        " x \n 1\n2 \n  4\n",
        "\n\nx\n1\n\n2\n   \n4\n\n",
        "name,x\na,1\nb,2\nc,4\n",
        "x,\n1,a\n2,b\n4,c\n",
        "name;x\na;1\nb;2\nc;4\n",
        "name, with comma;and ;x\na;;1\nb;;2\nc;;4\n",
        '\n"a, b, c"; "x"\n"1,;\t";1\nb;2\nc;4\n',
        "\tx\r\na\t1\r\n\t2\r\nc\t4\r\n",
        '"x;y;z",d\n1,\n2,\n4,\n',
    ],
)
def test_forms_of_a_table(text, table):
    read = csv_tables.read(table(text))
    np.testing.assert_array_equal(read.numbers(cli._only_column(read, None)), [1, 2, 4])


def test_names_with_spaces_commas_and_letters_of_other_alphabets(table, capsys):
    data = table('"waiting time, min", durée\n1, 2\n2, 3\n4, 9\n')
    for name in ("waiting time, min", "durée"):
        assert cli.main(["fit", data, "--column", name, "--components", "Normal"]) == 0
    assert "3 rows, 1 column" in capsys.readouterr().out


def test_a_file_comes_before_a_data_set_of_its_name(table, monkeypatch, tmp_path, capsys):
    table("x\n1\n2\n4\n", "galaxies")
    monkeypatch.chdir(tmp_path)
    assert cli.main(["fit", "galaxies", "--components", "Normal"]) == 0
    assert "3 rows" in capsys.readouterr().out


# ------------------------------------------------------------------------------------------------------- errors


def test_a_missing_file(fails):
    said = fails("fit", "old_fatihful.csv", "--components", "Normal")
    hint = f"did you mean 'old_faithful'? The bundled data sets are: {', '.join(datasets.names())}"
    assert said == f"there is no file 'old_fatihful.csv'; {hint}"
    assert "did you mean" not in fails("fit", "qqq/zzz.csv", "--components", "Normal")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "is empty: its first line must name the columns"),
        ("\n \n", "is empty"),
        ("x\n", "has a header but no rows"),
        ("a,b\n1,2\n3\n", "line 3: 1 cell, but the header names 2"),
        ("a,b\n\n1,2\n3,4,5\n", "line 4: 3 cells, but the header names 2"),
        ("1.5\n2\n3\n", "line 1: the first line must name the columns, it holds numbers"),
        ("x,x\n1,2\n", "line 1: two columns are named 'x'"),
        ("x\n1\n2\nabc\n4\n", "line 4: 'abc' is not a finite number (column 'x')"),
        ('x\n\n1\n2\n"a ""b"""\n4\n', "line 5: 'a \"b\"' is not a finite number"),
        ('n,x\n"two\nlines",1\nb,2\nc,oops\n', "line 5: 'oops' is not a finite number"),
        ("n,x\na,1\nb,2\nc,\n", "line 4: the cell is empty (column 'x')"),
        ("x\n1\n2\nnan\n", "line 4: 'nan' is not a finite number"),
        ("x\n1\n2\n-inf\n", "line 4: '-inf' is not a finite number"),
        ("x\n1\n2\n" + "z" * 500 + "\n", "line 4: 'zzz"),
        ('x\n1\n"2\n', "line 3: unexpected end of data"),
        (b"x\n1\n\xff\xfe\n", "is not text in UTF-8"),
        ("x\n1\n1_000\n4\n", "line 3: '1_000' is not a finite number (column 'x'). Write it with a decimal point"),
        ("n,x\na,1_000\nb,2_000\n", "line 2: '1_000' is not a finite number"),
        ("n;x\na;1.5\n\nb;2,5\n", "line 4: '2,5' is not a finite number (column 'x'). Write it with a decimal point"),
        ("n\tx\na\t1,234.5\n", "line 2: '1,234.5' is not a finite number"),
        ("n,x\na,nan\nb,inf\n", "line 2: 'nan' is not a finite number (column 'x'). Correct or remove the row"),
        ("n,x\na,\nb,\nc,1\n", "line 2: the cell is empty (column 'x')"),
        ("t u\n1 2\n", "line 2: '1 2' is not a finite number (column 't u')"),
        ("a,b\nu,v\nw,x\n", "has no numeric column among a, b"),
        ("a,b,c\n1,v,2\n3,x,4\n", "has several numeric columns (a, c): choose with --column"),
    ],
)
def test_a_table_that_cannot_be_used(text, expected, table, fails):
    path = table(text)
    said = fails("fit", path, "--components", "Normal")
    assert expected in said
    assert path in said
    assert len(said) < 250 + len(path)


def test_a_directory_is_no_file(tmp_path, fails):
    assert "cannot read" in fails("fit", tmp_path, "--components", "Normal")


@pytest.mark.parametrize("option", ["--column", "--weights"])
def test_a_wrong_column(option, fails):
    said = fails("fit", "old_faithful", "--components", "Normal", "--column", "waiting", option, "Wating")
    assert said == "old_faithful has no column 'Wating'; did you mean 'waiting'? The columns are: eruptions, waiting"


def test_a_column_of_text(fails):
    said = fails("fit", "galton_heights", "--column", "sex", "--components", "Normal")
    assert said.startswith("galton_heights, line 2: 'male' is not a finite number (column 'sex')")


@pytest.mark.parametrize("name", ["normal", "Norml"])
def test_an_unknown_family(name, fails):
    said = fails("fit", "old_faithful", "--components", name)
    assert said.startswith(f"there is no family {name!r}; did you mean 'Normal'? The families are: ")
    assert "Exponential, " in said


@pytest.mark.parametrize("name", ["Distribution", "Kernels", "kernel", "parameter", "MixtureModel", "os", "__all__"])
def test_only_families_are_looked_up(name, fails):
    assert f"there is no family {name!r}" in fails("fit", "old_faithful", "--components", name)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "required: COMMAND"),
        (["fits"], "invalid choice: 'fits'"),
        (["fit"], "required: DATA, --components"),
        (["fit", "galaxies", "--components"], "expected at least one argument"),
        ([*WAITING, "--seed", "x"], "--seed: invalid int value: 'x'"),
        ([*WAITING, "--seed", "-1"], "whole number >= 0"),
        ([*WAITING, "--colour", "red"], "unrecognized arguments"),
    ],
)
def test_wrong_arguments(arguments, expected, fails):
    assert expected in fails(*arguments)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["fit", "old_faithful", "--column", "eruptions", "waiting", "--components", "Normal"], "have 2"),
        (["fit", "old_faithful", "--column", "waiting", "--components", *["Normal"] * 300], "at least 300 rows"),
    ],
)
def test_errors_of_the_library(arguments, expected, fails):
    assert expected in fails(*arguments)


def test_bad_rows_are_named_by_their_line_in_the_file(table, fails):
    data = table("x,w\n-9.5,0\n\n1,1\n-2.50,1\n-3,1\n5,-0.5\n")
    said = fails("fit", data, "--column", "x", "--weights", "w", "--components", "Normal")
    assert said == f"{data}, line 7: a weight is negative (column 'w')"
    data = table("x,w\n-9.5,0\n\n1,1\n-2.50,1\n-3,1\n5,0.5\n")
    said = fails("fit", data, "--column", "x", "--weights", "w", "--components", "Exponential", "Exponential")
    wanted = "(Exponential: a finite number >= 0); rows like this: 2."
    assert said.startswith(f"{data}, line 5: -2.50 is outside the support of every component {wanted}")


@pytest.mark.parametrize("components", [["Exponential", "Poisson"], ["Exponential"], ["Poisson"]])
def test_what_the_library_finds_outside_is_found_with_its_line(components, table, fails, monkeypatch):
    run = ["fit", table("x\n1\n-2\n4\n"), "--components", *components]
    assert "line 3: -2 is outside the support" in fails(*run)
    monkeypatch.setattr(cli, "_check_support", lambda *args: None)
    assert "outside the support of every component" in fails(*run)


def test_weights_are_not_fitted(table, fails):
    data = table("t\n1\n2\n")
    said = fails("fit", data, "--weights", "t", "--components", "Normal")
    assert said == f"{data} has only the column of weights, 't': there is nothing to fit"


@pytest.mark.parametrize("option", ["--json", "--plot"])
def test_a_place_that_cannot_be_written(option, fails, tmp_path):
    assert "there is no directory" in fails(*WAITING, option, tmp_path / "none" / "file.png")
    assert "it is a directory" in fails(*WAITING, option, tmp_path)


@pytest.mark.parametrize("option", ["--json", "--plot"])
def test_a_write_that_fails(option, fails, tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_text", full)
    monkeypatch.setattr("matplotlib.figure.Figure.savefig", full)
    path = tmp_path / "file.png"
    assert fails(*WAITING, option, path) == f"cannot write {str(path)!r}: No space left on device"


@pytest.mark.parametrize("option", ["--json", "--plot"])
def test_the_data_are_not_overwritten(option, fails, table):
    path = table("x\n1\n2\n4\n")
    assert "it is the data file" in fails("fit", path, "--components", "Normal", option, path)


@pytest.fixture
def no_fit(monkeypatch):
    monkeypatch.setattr(MixtureModel, "fit", lambda *args, **kwargs: pytest.fail("fitted before the check"))


@pytest.mark.parametrize("name", ["file.xyz", "file", "file.", "png", ".png", "file.png.gz"])
def test_an_unknown_form_of_picture(name, fails, tmp_path, no_fit):
    path = tmp_path / name
    assert fails(*WAITING, "--plot", path) == f"cannot draw {str(path)!r}: the name must end in .png, .pdf or .svg"


@pytest.mark.parametrize(("name", "start"), [("a.PNG", b"\x89PNG"), ("a.b.pdf", b"%PDF"), ("a.svg", b"<?xml")])
def test_forms_of_pictures(name, start, tmp_path, capsys):
    assert cli.main([*WAITING, "--plot", str(tmp_path / name)]) == 0
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_bytes().startswith(start)


@pytest.mark.parametrize("exists", [True, False])
def test_outputs_do_not_overwrite_each_other(exists, fails, table, monkeypatch, tmp_path, no_fit):
    if exists:
        table("", "p.png")
    monkeypatch.chdir(tmp_path)
    for other in ("p.png", "./p.png", tmp_path / "p.png"):
        said = fails(*WAITING, "--plot", "p.png", "--json", other)
        assert said == "--plot and --json are the same file, 'p.png': one would overwrite the other"


@pytest.mark.parametrize("columns", [["eruptions", "waiting"], ["eruptions", "waiting", "eruptions"]])
def test_plots_of_several_columns(columns, saved, tmp_path, capsys, monkeypatch):
    shapes = []
    monkeypatch.setattr("matplotlib.figure.Figure.savefig", lambda self, *_, **__: shapes.append(len(self.axes)))
    d = len(columns)
    model = saved(MixtureModel([MultivariateNormal(np.full(d, 9.0), 100.0 * np.eye(d))]))
    assert cli.main(["plot", model, "old_faithful", str(tmp_path / "x.png"), "--column", *columns]) == 0
    assert shapes == [1 if d == 2 else 9]


def test_missing_matplotlib(fails, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert 'pip install "general-mixtures[plot]"' in fails(*WAITING, "--plot", "x.png")


# ------------------------------------------------------------------------------- warnings, interruption, pipes


def test_warnings_are_lines_and_no_failure(monkeypatch, capsys):
    fit = MixtureModel.fit

    def warns(self, *args, **kwargs):
        warnings.warn("slow:\n raise max_iter", ConvergenceWarning, stacklevel=1)
        warnings.warn("collapsed", DegeneracyWarning, stacklevel=1)
        return fit(self, *args, **kwargs)

    monkeypatch.setattr(MixtureModel, "fit", warns)
    assert cli.main(WAITING) == 0
    out, err = capsys.readouterr()
    assert "MixtureModel of 2 components" in out
    assert err == "mixtures: warning: slow: raise max_iter\nmixtures: warning: collapsed\n"


def test_interruption(monkeypatch, capsys):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(MixtureModel, "fit", interrupted)
    assert cli.main(WAITING) == 130
    assert capsys.readouterr() == ("", "")


def test_a_reader_that_stops_early_is_no_error():
    reader = "import subprocess, sys; p = subprocess.Popen([sys.executable, '-m', 'mixtures', *sys.argv[1:]], \
        stdout=subprocess.PIPE, stderr=subprocess.PIPE); p.stdout.close(); print(p.stderr.read(), p.wait())"
    done = subprocess.run([sys.executable, "-c", reader, *WAITING], capture_output=True, text=True)
    assert done.stdout == "b'' 0\n"


def test_a_covariance_structure(capsys, fails):
    arguments = ["fit", "old_faithful", "--column", "waiting", "eruptions"]
    arguments += ["--components", "MultivariateNormal", "MultivariateNormal"]
    assert cli.main([*arguments, "--covariance", "EEE"]) == 0
    assert "covariance       EEE: volume equal, shape equal, orientation equal" in capsys.readouterr().out
    assert "covariance must be None, one of EII, " in fails(*arguments, "--covariance", "round")
    assert "is a structure across normal components" in fails(*WAITING, "--covariance", "EEE")


# ------------------------------------------------------------------------------------------------ models in files


@pytest.fixture
def saved(tmp_path):
    """Write a model into a file; return its path."""

    def write(model, name="model.json"):
        path = tmp_path / name
        path.write_text(model.to_json(), encoding="utf-8")
        return str(path)

    return write


@pytest.fixture
def waiting(tmp_path, capsys):
    """The file of a model that the command line fitted."""
    path = tmp_path / "waiting.json"
    assert cli.main([*WAITING, "--json", str(path)]) == 0
    capsys.readouterr()
    return str(path)


def printed(capsys, *arguments):
    """Run the command line; return the rows that it prints."""
    assert cli.main(list(map(str, arguments))) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return list(csv.reader(io.StringIO(out)))


def test_predict_on_a_saved_model(waiting, capsys):
    model = MixtureModel.from_json(Path(waiting).read_text("utf-8"))
    x = datasets.load("old_faithful")["waiting"]
    header, *rows = printed(capsys, "predict", waiting, "old_faithful")  # the column is that of the fit
    assert header == ["component"]
    assert [row[0] for row in rows] == [model.names[k] for k in model.predict(x)]
    header, *rows = printed(capsys, "predict", waiting, "old_faithful", "--column", "waiting", "--probabilities")
    assert header == ["component", "Normal 1", "Normal 2"]
    np.testing.assert_array_equal([list(map(float, row[1:])) for row in rows], model.predict_proba(x))


def test_predict_with_text_and_missing_cells(saved, table, capsys):
    parts = {"size": Normal(0.0, 1.0), "colour": Categorical([0.9, 0.1], ["red", "blue"])}
    other = {"size": Normal(5.0, 1.0), "colour": Categorical([0.1, 0.9], ["red", "blue"])}
    model = saved(MixtureModel({"low, dim": Product(parts), "high": Product(other)}))
    data = table("id,colour,size\n1,red,\n2,,4.5\n3,blue,0.1\n")
    assert printed(capsys, "predict", model, data) == [["component"], ["low, dim"], ["high"], ["low, dim"]]
    header, *rows = printed(capsys, "sample", model, 50, "--seed", 3, "--labels")
    assert header == ["size", "colour", "component"]
    assert {row[1] for row in rows} == {"red", "blue"}
    assert {row[2] for row in rows} == {"low, dim", "high"}


def test_sample_of_a_saved_model(waiting, saved, capsys):
    model = MixtureModel.from_json(Path(waiting).read_text("utf-8"))
    header, *rows = printed(capsys, "sample", waiting, 40, "--seed", 5)
    assert header == ["waiting"]
    np.testing.assert_array_equal([float(row[0]) for row in rows], model.sample(40, rng=5))
    assert printed(capsys, "sample", waiting, 0) == [["waiting"]]
    two = saved(MixtureModel([MultivariateNormal([0, 0], np.eye(2)), MultivariateNormal([9, 9], np.eye(2))]))
    header, *rows = printed(capsys, "sample", two, 20, "--labels", "--seed", 1)
    assert header == ["x1", "x2", "component"]
    for x1, _, name in rows:
        assert name == ("MultivariateNormal 1" if float(x1) < 4.5 else "MultivariateNormal 2")
    assert printed(capsys, "sample", saved(MixtureModel([Poisson(2.0)])), 3)[0] == ["x"]


def test_plot_of_a_saved_model(waiting, tmp_path, capsys, monkeypatch):
    path = tmp_path / "picture.svg"
    drawn = []
    monkeypatch.setattr(Plots, "__call__", lambda self, x, **more: drawn.append((x, more)) or plot(self, x, **more))
    assert printed(capsys, "plot", waiting, "old_faithful", path) == []
    assert path.read_bytes().startswith(b"<?xml")
    ((x, more),) = drawn
    np.testing.assert_array_equal(x[:, 0], datasets.load("old_faithful")["waiting"])
    assert more["ax"].get_xlabel() == "waiting"
    assert more["sample_weight"] is None
    deaths = printed(capsys, "plot", waiting, "times_deaths", path, "--column", "deaths", "--weights", "days")
    assert deaths == []
    np.testing.assert_array_equal(drawn[1][1]["sample_weight"], datasets.load("times_deaths")["days"])


def test_a_saved_model_that_cannot_be_used(fails, saved, table, waiting, tmp_path):
    text = Path(waiting).read_text("utf-8")
    damaged = table(text.replace("272", "273"), "damaged.json")
    for command in (["predict", damaged, "old_faithful"], ["sample", damaged, 3], ["plot", damaged, "x.csv", "x.png"]):
        assert fails(*command).startswith(f"{damaged}: the checksum does not match")
    assert fails("predict", tmp_path / "no.json", "old_faithful").startswith("cannot read '")
    assert "not a distribution's JSON" in fails("sample", table("x\n1\n"), 3)
    single = table(Normal(0.0, 1.0).to_json(), "single.json")
    assert "the record of a Normal, not of a MixtureModel" in fails("sample", single, 3)
    assert "cannot be used yet: the parameters of Normal are unknown" in fails(
        "sample", saved(MixtureModel([Normal()])), 3
    )
    assert "size must be a whole number >= 0" in fails("sample", waiting, -1)
    assert "invalid int value" in fails("sample", waiting, "many")


def test_data_that_do_not_suit_a_saved_model(fails, saved, table, waiting, tmp_path):
    assert "has no column 'waiting'" in fails("predict", waiting, table("x\n1\n2\n"))
    wide = ["predict", waiting, "old_faithful", "--column", "waiting", "eruptions"]
    assert fails(*wide) == "the model describes 1 column, --column names 2"
    assert "line 3: the cell is empty (column 'waiting')" in fails("predict", waiting, table("waiting,y\n1,1\n,2\n"))
    assert "must end in .png, .pdf or .svg" in fails("plot", waiting, "old_faithful", tmp_path / "x.txt")
    assert "it is the model file" in fails("plot", waiting, "old_faithful", waiting)
    counts = saved(MixtureModel([Poisson(2.0)]), "counts.json")
    assert "zero density under every component" in fails("predict", counts, table("x\n1\n2.5\n"))


def test_plots_of_saved_models_need_matplotlib(waiting, fails, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert 'pip install "general-mixtures[plot]"' in fails("plot", waiting, "old_faithful", tmp_path / "x.png")
