"""Blocks of files and of arrays on disk: the same fit as in memory, and errors that name the file."""

import numpy as np
import pandas as pd
import pytest

from mixtures import (
    Blocks,
    Categorical,
    InvalidDataError,
    InvalidParameterError,
    MixtureModel,
    Normal,
    Product,
    sources,
)

TWO = [Normal(0.0, 1.0), Normal(4.0, 1.0)]
PART = Product({"size": Normal(), "kind": Categorical()})


@pytest.fixture
def table(rng):
    n = 500
    kind = np.where(rng.random(n) < 0.3, "red, or so", "blue")
    return pd.DataFrame({"kind": kind, "size": rng.normal(np.arange(n) % 2 * 5.0, 1.0), "w": rng.integers(1, 4, n)})


def written(table, folder, kind):
    for number, first in enumerate(range(0, len(table), 200)):
        part, path = table[first : first + 200], folder / f"part-{number}{kind}"
        if kind == ".csv":
            part.to_csv(path, index=False)
        elif kind == ".parquet":
            part.to_parquet(path, index=False)
        else:
            np.save(path, part["size"].to_numpy())
    return folder


@pytest.mark.parametrize("kind", [".csv", ".parquet"])
def test_a_folder_of_tables_is_fitted_like_the_table(kind, table, tmp_path):
    expected = MixtureModel(PART, n_components=2, n_init=4).fit(table[["size", "kind"]], sample_weight=table["w"])
    folder = written(table, tmp_path, kind)
    (folder / "notes.txt").write_text("not a table")
    assert Blocks(folder).files == Blocks(f"{folder}/*{kind}").files
    for x in (folder, Blocks(folder, columns=["w", "size", "kind"], rows=70)):
        model = MixtureModel(PART, n_components=2, n_init=4).fit(x, sample_weight="w")
        assert model.components_ == expected.components_
        assert model.log_likelihood_ == expected.log_likelihood_


def test_arrays_on_disk(table, tmp_path, rng, monkeypatch):
    x = table["size"].to_numpy()
    weight, labels = rng.uniform(1.0, 2.0, len(x)), np.where(np.arange(len(x)) % 50 == 0, 0, -1)
    expected = MixtureModel(TWO).fit(x, sample_weight=weight, labels=labels)
    folder = written(table, tmp_path, ".npy")
    np.save(tmp_path / "whole", x)
    whole = tmp_path / "whole.npy"
    monkeypatch.setattr(sources, "LARGE", 0)
    mapped = np.load(whole, mmap_mode="r")
    for data in (Blocks(f"{folder}/part-*.npy", rows=33), whole, mapped, Blocks(x, rows=7)):
        for given in (weight, Blocks(weight, rows=99)):
            model = MixtureModel(TWO).fit(data, sample_weight=given, labels=labels)
            assert model.components_ == expected.components_
    for order in "CF":
        X = np.asarray(np.column_stack([x, -x]), dtype=np.float32, order=order)
        np.save(tmp_path / "matrix", X)
        blocks = list(Blocks(tmp_path / "matrix.npy", rows=60))
        assert len(blocks) == 9
        np.testing.assert_array_equal(np.concatenate(blocks), X)


def test_a_memory_map_that_cannot_be_streamed_is_read(table, tmp_path, monkeypatch):
    from mixtures import Laplace

    np.save(tmp_path / "whole", table["size"].to_numpy())
    monkeypatch.setattr(sources, "LARGE", 0)
    mapped = np.load(tmp_path / "whole.npy", mmap_mode="r")
    model = MixtureModel([Laplace(0.0, 1.0), Laplace(5.0, 1.0)]).fit(mapped)
    assert model.components_ == MixtureModel([Laplace(0.0, 1.0), Laplace(5.0, 1.0)]).fit(np.array(mapped)).components_


def test_missing_cells_and_columns_of_csv(tmp_path):
    (tmp_path / "a.csv").write_text("x;name\n1.5;u\n;v\n\n", encoding="utf-8-sig")
    (block,) = Blocks(tmp_path / "a.csv")
    np.testing.assert_array_equal(block["x"], [1.5, np.nan])
    assert block["name"].tolist() == ["u", "v"]
    assert block.columns == ["x", "name"]
    (block,) = Blocks(tmp_path / "a.csv", columns=["name"])
    assert block.shape == (2, 1)


def test_a_file_that_vanishes_between_passes_is_named(table, tmp_path):
    folder = written(table, tmp_path, ".npy")
    blocks = Blocks(folder)
    model = MixtureModel(TWO, accelerate=None)
    of_files, n_passes = blocks._of_files, [0]

    def then_gone(paths):
        n_passes[0] += 1
        if n_passes[0] == 5:
            paths[1].unlink()
        return of_files(paths)

    blocks._of_files = then_gone
    with pytest.raises(InvalidDataError, match=r"file '.*part-1.npy' cannot be read: No such file"):
        model.fit(blocks)
    assert model.n_iter_ == 1  # the look, the survey, the start, an update: that is kept
    assert not model.converged_
    assert model.predict(table["size"]).shape == (500,)


@pytest.mark.parametrize(
    "name, content, arguments, message",
    [
        ("a.npy", b"no array", {}, r"'.*a.npy' is no .npy file"),
        ("a.csv", b"x,y\n1,2\n3\n", {}, r"'.*a.csv', line 3: 1 cells, but the header names 2"),
        ("a.csv", b"x\n1\n2\nz\n", {"rows": 2}, r"'.*a.csv', line 4: 'z' is not a number \(column 'x'\)"),
        (
            "a.csv",
            b'x,y\n1,"two\nlines"\n\nz,3\n',
            {"rows": 1},
            r"'.*a.csv', line 5: 'z' is not a number \(column 'x'\)",
        ),
        ("a.csv", b"", {}, "'.*a.csv' is empty: its first line must name the columns"),
        ("a.csv", b"x,x\n1,2\n", {}, "must name its columns, each once"),
        ("a.csv", b"x\n1\n", {"columns": ["y"]}, "has no column 'y'; it has 'x'"),
        ("a.csv", b"x\n\xff\n", {}, "is not text in UTF-8"),
        ("a.parquet", b"PAR1", {}, "is no Parquet file"),
        ("a.txt", b"1", {}, r"'.*a.txt' is of a kind that cannot be read; known are .npy, .csv, .parquet"),
    ],
)
def test_a_bad_file_is_named(name, content, arguments, message, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidDataError, match=message):
        list(Blocks(tmp_path / name, **arguments))


def test_text_among_numbers_is_named_by_file_and_line_in_all_files(tmp_path):
    part = Product({"size": Normal(), "kind": Categorical()})
    (tmp_path / "a.csv").write_text("size,kind\n,\n,\n" + "1.0,u\n2.5,v\n" * 9)
    (tmp_path / "b.csv").write_text("size,kind\n1.0,u\n\n,v\n0.5,w\n")
    blocks = Blocks(tmp_path, rows=2)
    model = MixtureModel(part, n_components=2, n_init=1)
    assert [len(block) for block in blocks] == [2] * 10 + [1, 2]  # of two lines each, one of them blank
    with pytest.raises(InvalidDataError, match=r"block 0 \(a.csv, lines 2 to 3\): .*an observed cell in each row"):
        model.fit(blocks)  # nothing is known of either column yet
    (tmp_path / "b.csv").write_text("size,kind\n1.0,u\n\nlarge,v\n")
    with pytest.raises(InvalidDataError, match=r"'.*b.csv', line 4: 'large' is not a number \(column 'size'\)"):
        list(Blocks(tmp_path))
    (tmp_path / "a.csv").write_text("size,kind\n1.0,u\nlarge,v\n")
    with pytest.raises(InvalidDataError, match=r"\(a.csv, lines 2 to 3\): .*'large' \(first: row 1\)"):
        model.fit(tmp_path)


def test_a_loop_over_blocks_does_not_lose_weights(rng):
    x, weight = rng.normal(size=40), rng.uniform(0.5, 2.0, 40)
    weighted = Blocks(lambda: [(x[:20], weight[:20]), (x[20:], weight[20:])])
    with pytest.raises(InvalidDataError, match=r"block 0 brings weights or labels.*Loop over what blocks\(\) yields"):
        list(weighted)
    for block, part in zip(weighted.blocks(), (slice(20), slice(20, 40)), strict=True):
        np.testing.assert_array_equal(block.x, x[part])
        np.testing.assert_array_equal(block.sample_weight, weight[part])
        assert block.labels is None
    model = MixtureModel(TWO).fit(weighted)
    np.testing.assert_array_equal(np.concatenate(list(model.predict(weighted))), model.predict(x))


def test_a_file_cut_short_is_named(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(100.0))
    content = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(content[:-80])
    with pytest.raises(InvalidDataError, match="'.*a.npy' ends after 90 of 100 rows"):
        list(Blocks(tmp_path / "a.npy", rows=50))
    np.save(tmp_path / "b.npy", np.array([{}], dtype=object))
    with pytest.raises(InvalidDataError, match="must hold numbers of shape"):
        list(Blocks(tmp_path / "b.npy"))


def test_what_is_no_source_is_refused(tmp_path):
    with pytest.raises(InvalidDataError, match="there is no file, folder or pattern"):
        MixtureModel(TWO).fit("nowhere/*.npy")
    with pytest.raises(InvalidDataError, match="there is no file, folder or pattern"):
        Blocks(tmp_path)
    with pytest.raises(
        InvalidDataError, match="need a source: a file, folder or pattern, an array, a function or an iterable"
    ):
        Blocks(3)
    with pytest.raises(InvalidParameterError, match="rows must be a whole number >= 1; got 0"):
        Blocks(tmp_path, rows=0)
    with pytest.raises(InvalidParameterError, match="columns are for files"):
        Blocks(np.arange(3.0), columns=["x"])
    with pytest.raises(InvalidParameterError, match="columns must be a list"):
        Blocks(tmp_path, columns="x")


def test_without_pyarrow_the_extra_is_named(tmp_path, monkeypatch):
    (tmp_path / "a.parquet").write_bytes(b"")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r"general-mixtures\[parquet\]"):
        list(Blocks(tmp_path))
