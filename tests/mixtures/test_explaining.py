"""What each part of a row adds to the log-odds: the sum is that of `predict_proba`, whatever the components are."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("Agg")

from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from distributions import (
    Categorical,
    Exponential,
    MultivariateNormal,
    MultivariateStudentT,
    Normal,
    Poisson,
    Product,
    Uniform,
)
from distributions.errors import InvalidDataError, InvalidParameterError, NotFittedError
from mixtures import MixtureModel


def person(height, siblings, share):
    return Product(
        {
            "height": Normal(height, 10),
            "siblings": Poisson(siblings),
            "sex": Categorical([share, 1 - share], ("f", "m")),
        }
    )


PEOPLE = MixtureModel({"young": person(120, 1.5, 0.5), "adult": person(170, 1.0, 0.4)}, weights=[0.2, 0.8])
ROW = {"height": 150.0, "siblings": 3, "sex": "m"}
GROUPED = MixtureModel(
    [
        Product([Normal(0, 1), Normal(1, 2), Poisson(2.0)]),
        Product([MultivariateNormal([1, 0], np.array([[2, 0.5], [0.5, 1]])), Poisson(5.0)]),
        Product([Normal(3, 1), MixtureModel([Normal(0, 1), Normal(4, 1)]), Product([Poisson(1.0)])]),
    ],
    weights=[0.5, 0.3, 0.2],
)


def test_each_part_is_its_own_log_ratio():
    odds = PEOPLE.explain(ROW).log_odds("adult", "young")
    assert odds == {
        "weights": pytest.approx(np.log(4.0)),
        "height": pytest.approx(Normal(170, 10).log_pdf(150.0) - Normal(120, 10).log_pdf(150.0)),
        "siblings": pytest.approx(Poisson(1.0).log_pdf(3) - Poisson(1.5).log_pdf(3)),
        "sex": pytest.approx(np.log(0.6 / 0.5)),
    }


def test_next_to_nothing_has_no_minus():
    table = repr(MixtureModel([Normal(0.0, 1.0), Normal(1.0, 1.0)]).explain([0.5 + 1e-3]))
    assert "+0.00" in table and "-0.00" not in table


def test_it_prints_as_a_table():
    assert repr(PEOPLE.explain(ROW)).splitlines() == [
        "adult 0.966, young 0.0338",
        "",
        "log-odds of adult against  young",
        "weights                    +1.39",
        "height = 150               +2.50",
        "siblings = 3               -0.72",
        "sex = m                    +0.18",
        "sum                        +3.35",
    ]


@pytest.mark.parametrize("model", [PEOPLE, GROUPED], ids=["named", "grouped"])
def test_the_parts_add_up_to_the_membership(model, rng):
    rows = model.sample(20, rng)
    for row in rows:
        said = model.explain(row)
        probability = model.predict_proba(row[np.newaxis])[0]
        np.testing.assert_allclose(said.probabilities, probability, rtol=1e-10)
        np.testing.assert_allclose(np.sum(np.exp(said.log_terms.sum(axis=0))), model.pdf(row[np.newaxis])[0])
        best, second = np.argsort(-probability)[:2]
        assert sum(said.log_odds().values()) == pytest.approx(np.log(probability[best] / probability[second]))


def test_columns_that_some_component_joins_are_one_part():
    assert GROUPED.explain([0.0, 1.0, 2]).parts == ("weights", "column 1, column 2", "column 3")


def test_a_multivariate_normal_is_explained_as_a_whole(rng):
    model = MixtureModel([MultivariateNormal(np.zeros(5), np.eye(5)), MultivariateNormal(np.ones(5), np.eye(5))])
    said = model.explain(np.zeros(5))
    assert repr(said).startswith("MultivariateNormal 1: 0.924, MultivariateNormal 2: 0.0759")
    assert len(said.parts) == 2
    assert said.values[1] == "column 1 = 0, ... column 5 = 0 (5 columns)"
    assert said.log_odds(0, 1)[said.parts[1]] == pytest.approx(2.5)


def test_a_row_may_come_as_anything_that_holds_one():
    pandas = pytest.importorskip("pandas")
    polars = pytest.importorskip("polars")
    expected = PEOPLE.explain(ROW).log_terms
    frame = pandas.DataFrame([{"sex": "f", "height": 1.0, "siblings": 0}, ROW])
    for row in (
        frame.iloc[1],
        frame.iloc[[1]],
        polars.DataFrame([ROW]),
        dict(reversed(ROW.items())),
        list(ROW.values()),
        np.array(list(ROW.values()), dtype=object),
        np.array([150.0, 3.0, 1.0]),
        np.array([[150.0, 3.0, 1.0]]),
    ):
        np.testing.assert_array_equal(PEOPLE.explain(row).log_terms, expected)
    assert MixtureModel([Normal(0, 1), Normal(5, 1)]).explain(2.0).parts == ("weights", "x")


def test_names_of_the_frame_that_was_fitted_order_a_dict(rng):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(rng.normal(size=(30, 2)), columns=["b", "a"])
    model = MixtureModel([MultivariateNormal([0, 0], np.eye(2)), MultivariateNormal([1, 0], np.eye(2))]).fit(frame)
    said = model.explain({"a": 0.0, "b": 1.0})
    np.testing.assert_array_equal(said.log_terms, model.explain([1.0, 0.0]).log_terms)
    assert said.values[1] == "b = 1, a = 0"


def test_missing_cells_add_nothing():
    said = PEOPLE.explain({"height": None, "siblings": 3, "sex": float("nan")})
    odds = said.log_odds("adult", "young")
    assert odds["height"] == odds["sex"] == 0.0
    assert said.values[1:] == ("height = missing", "siblings = 3", "sex = missing")
    with pytest.raises(InvalidDataError, match="needs an observed cell"):
        PEOPLE.explain([np.nan] * 3)


def test_cells_that_a_family_cannot_leave_out_are_refused():
    model = MixtureModel([Product([MultivariateStudentT(5.0, np.zeros(2), np.eye(2)), Normal(0, 1)])] * 2)
    with pytest.raises(InvalidDataError, match="cannot leave out missing cells"):
        model.explain([np.nan, 0.0, 1.0])


def test_what_cannot_be_is_infinite():
    model = MixtureModel({"late": Exponential(1.0), "early": Uniform(-2.0, -1.0), "any": Normal(0.0, 1.0)})
    said = model.explain(0.5)
    assert said.log_odds("late", "early")["x"] == np.inf
    assert said.log_odds("early", "late")["x"] == -np.inf
    assert said.probabilities[1] == 0.0
    assert "+inf" in repr(said)
    with pytest.raises(InvalidDataError, match="zero density under every component"):
        MixtureModel([Exponential(1.0), Uniform(0.0, 1.0)]).explain(-0.5)


def test_a_label_that_one_component_does_not_know_speaks_against_it():
    part = Product({"a": Normal(0, 1), "kind": Categorical([0.5, 0.5], ("x", "y"))})
    model = MixtureModel([part, Product({"a": Normal(1, 1), "kind": Categorical([1.0, 0.0], ("x", "y"))})])
    assert model.explain([0.0, "y"]).log_odds(0, 1)["kind"] == np.inf
    with pytest.raises(InvalidDataError, match="zero density under every component"):
        model.explain([0.0, "w"])


def test_a_column_called_weights_is_another_part():
    model = MixtureModel([Product({"weights": Normal(m, 1), "b": Normal(m, 1)}) for m in (0, 1)])
    assert model.explain([0.0, 0.0]).parts == ("mixing weights", "weights", "b")
    assert len(model.explain([0.0, 0.0]).log_odds()) == 3


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (np.zeros((2, 3)), "takes one row, here are 2"),
        ([1.0, 2.0], "describes 3 columns, the data have 2"),
        ({"height": 1.0, "sex": "f"}, "needs the columns 'siblings'; the row has 'height', 'sex'"),
    ],
)
def test_anything_but_one_row_is_refused(row, text):
    with pytest.raises(InvalidDataError, match=text):
        PEOPLE.explain(row)


def test_unknown_parameters_and_components_are_errors():
    with pytest.raises(NotFittedError, match="cannot explain a row"):
        MixtureModel([Normal()]).explain(1.0)
    with pytest.raises(InvalidParameterError, match="no component 'old'; they are 'young', 'adult', or 0 to 1"):
        PEOPLE.explain(ROW).log_odds("old")
    with pytest.raises(InvalidParameterError, match="no component 2"):
        PEOPLE.explain(ROW).log_odds("young", 2)
    alone = MixtureModel([Normal(0, 1)]).explain(1.0)
    assert repr(alone) == "Normal 1"
    with pytest.raises(InvalidParameterError, match="two components"):
        alone.log_odds()


def test_the_picture_has_a_bar_for_each_part_in_the_colour_of_what_it_speaks_for():
    ax = Figure().subplots()
    assert PEOPLE.plot.explanation(ROW, ax=ax) is ax
    odds = PEOPLE.explain(ROW).log_odds()
    values = [*odds.values(), sum(odds.values())]
    np.testing.assert_allclose([bar.get_width() for bar in ax.patches], values)
    young, adult = PEOPLE.plot.colors
    colors = [adult if value >= 0 else young for value in values]
    assert [to_hex(bar.get_facecolor()).upper() for bar in ax.patches] == colors
    assert [text.get_text() for text in ax.get_yticklabels()] == [
        "weights",
        "height = 150",
        "siblings = 3",
        "sex = m",
        "sum",
    ]
    assert [text.get_text() for text in ax.texts] == [f"{value:+.2f}" for value in values]
    assert ax.get_xlabel() == "young   ←   log-odds   →   adult"


def test_infinite_bars_are_cut_off():
    ax = Figure().subplots()
    MixtureModel([Exponential(1.0), Uniform(-2.0, -1.0)]).plot.explanation(0.5, ax=ax)
    assert np.isfinite([bar.get_width() for bar in ax.patches]).all()
    assert [text.get_text() for text in ax.texts][1:] == ["+inf", "+inf"]
