"""The density in LaTeX: the same numbers as the summary, well formed whatever the names hold."""

from __future__ import annotations

import re

import numpy as np
import pytest
from matplotlib.mathtext import MathTextParser

from distributions import (
    Categorical,
    Exponential,
    Gamma,
    MultivariateNormal,
    Normal,
    Poisson,
    Product,
    Truncated,
    ZeroInflated,
)
from mixtures import MixtureModel, reporting

NASTY = r"50 % of {a_b} & #1 \x ^~$"


def lines(model):
    """Return the terms, without the environment."""
    first, *terms, last = model.to_latex().split("\n")
    assert (first, last) == (r"\begin{aligned}", r"\end{aligned}")
    assert all(term.endswith(r" \\") for term in terms[:-1])
    return [term.removesuffix(r" \\") for term in terms]


def test_one_line_for_each_component():
    model = MixtureModel([Normal(54.6148556, 5.8712), Exponential(1e-7)], weights=[0.36, 0.64])
    assert lines(model) == [
        r"f(x) ={} & 0.36\,\mathrm{Normal}(x \mid \mathrm{mean}=54.615,\ \mathrm{std}=5.871)",
        r"&{}+ 0.64\,\mathrm{Exponential}(x \mid \mathrm{rate}=1\times 10^{-7})",
    ]


def test_one_component_has_no_weight():
    assert lines(MixtureModel([Poisson(3.0)])) == [r"f(x) ={} & \mathrm{Poisson}(x \mid \mathrm{rate}=3)"]


def test_what_is_unknown_is_a_symbol():
    assert lines(MixtureModel([Normal(), Poisson(2)])) == [
        r"f(x) ={} & w_{1}\,\mathrm{Normal}(x \mid \mathrm{mean},\ \mathrm{std})",
        r"&{}+ w_{2}\,\mathrm{Poisson}(x \mid \mathrm{rate}=2)",
    ]


def test_the_fitted_density_has_the_numbers_of_the_summary(rng):
    x = np.concatenate([rng.normal(0, 1, 100), rng.normal(9, 2, 100)])
    model = MixtureModel([Normal(), Normal()]).fit(x)
    numbers = re.findall(r"(?:mean|std)=([-\d.]+)", model.summary())
    assert re.findall(r"(?:mean|std)}=([-\d.]+)", model.to_latex()) == numbers


def test_vectors_and_matrices():
    model = MixtureModel([MultivariateNormal([1, 2], [[1, 0.5], [0.5, 2]])])
    assert lines(model) == [
        r"f(\mathbf{x}) ={} & \mathrm{MultivariateNormal}(\mathbf{x} \mid \mathrm{mean}=(1,\ 2),\ \mathrm{cov}="
        r"\begin{pmatrix}1 & 0.5 \\ 0.5 & 2\end{pmatrix})"
    ]
    long = MixtureModel([MultivariateNormal(np.arange(30.0), np.eye(30))]).to_latex()
    assert r"\mathrm{mean}=(0,\ 1,\ 2,\ 3,\ \ldots,\ 29)" in long
    matrix = re.search(r"\\begin{pmatrix}(.*?)\\end{pmatrix}", long)[1].split(r" \\ ")
    assert len(matrix) == 6
    assert {row.count("&") for row in matrix} == {5}


def test_products_name_their_columns():
    part = Product({"height": Normal(1, 2), "kind": Categorical([0.2, 0.8], ("x", "y"))})
    assert lines(MixtureModel([part]))[0].endswith(
        r"& \mathrm{Normal}(\mathrm{height} \mid \mathrm{mean}=1,\ \mathrm{std}=2)\,"
        r"\mathrm{Categorical}(\mathrm{kind} \mid \mathrm{prob}=(0.2,\ 0.8),\ "
        r"\mathrm{categories}=(\mathrm{x},\ \mathrm{y}))"
    )
    part = Product([Normal(1, 2), MultivariateNormal(np.zeros(8), np.eye(8)), Poisson(3)])
    text = MixtureModel([part]).to_latex()
    assert r"(x_{2},\ x_{3},\ x_{4},\ x_{5},\ \ldots,\ x_{9} \mid" in text
    assert r"\mathrm{Poisson}(x_{10} \mid" in text


def test_nested_mixtures_and_wrappers():
    model = MixtureModel(
        [ZeroInflated(Poisson(3.0), 0.2), MixtureModel([Poisson(1.0), Truncated(Poisson(4.0), low=1)])]
    )
    assert lines(model) == [
        r"f(x) ={} & 0.5\,\mathrm{ZeroInflated}(x \mid \mathrm{prob}=0.2,\ \mathrm{Poisson}(\mathrm{rate}=3))",
        r"&{}+ 0.5\,\left(0.5\,\mathrm{Poisson}(x \mid \mathrm{rate}=1) + "
        r"0.5\,\mathrm{Truncated}(x \mid \mathrm{Poisson}(\mathrm{rate}=4),\ \mathrm{low}=1)\right)",
    ]


@pytest.mark.parametrize(
    "model",
    [
        MixtureModel([Normal(1e300, 1e-300), Gamma(0.5, 3e20)]),
        MixtureModel([Product({NASTY: Normal(0, 1), "b": Categorical([1.0], (NASTY,))})]),
        MixtureModel([MixtureModel([Normal(), Normal()]), ZeroInflated(Poisson())]),
    ],
)
def test_it_is_well_formed(model):
    text = model.to_latex()
    assert re.sub(r"\\[{}]", "", text).count("{") == re.sub(r"\\[{}]", "", text).count("}")
    parser = MathTextParser("path")
    for line in lines(model):
        assert len(re.findall(r"(?<!\\)&", line)) == 1
        parser.parse("$" + re.sub(r"={} &|&{}", "", line).replace(r"\&", r"\#") + "$")  # which knows no ampersand


def test_html_is_less_than_five_thousand_bytes(rng):
    for model in (
        MixtureModel([Normal(float(k), 1.0) for k in range(200)]),
        MixtureModel({f"<{'ä' * 300}{k}>": Normal(float(k), 1.0) for k in range(20)}),
        MixtureModel([Product([Normal(float(k), 1.0)] * 60) for k in range(10)]),
    ):
        text = model._repr_html_()
        assert len(text.encode()) < 5000
        shown = text.count("&#9632;")
        assert f"... {len(model.names) - shown} more: see summary()" in text
        assert text.endswith("</table>")
    small = MixtureModel([Normal(0, 1)] * 3)._repr_html_()
    assert " more" not in small
    assert reporting.HTML_BYTES < 5000
