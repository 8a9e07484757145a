"""What a table of a model says: aligned, complete, short, and never an error for a model that is not fitted."""

from __future__ import annotations

import re

import numpy as np
import pytest

from distributions import ConvergenceWarning, Distribution, Exponential, MultivariateNormal, Normal, Poisson
from mixtures import MixtureModel, datasets
from mixtures.plotting import component_colors


@pytest.fixture(scope="module")
def waiting():
    return datasets.load("old_faithful")["waiting"]


@pytest.fixture(scope="module")
def geyser(waiting):
    return MixtureModel([Normal(), Normal()]).fit(waiting)


def facts(text):
    """Return the lines below the table as a dict."""
    return dict(re.split(r"  +| (?=\d)", line, maxsplit=1) for line in text.split("\n\n")[2].splitlines())


def test_a_fitted_model_as_a_whole(geyser):
    assert geyser.summary().split("\n\n")[:2] == [
        "MixtureModel of 2 components",
        "component  weight  count  parameters\n"
        "Normal 1   0.3609   98.2  mean=54.615  std=5.871\n"
        "Normal 2   0.6391  173.8  mean=80.091  std=5.868",
    ]


def test_criteria_are_those_of_the_model(geyser, waiting):
    said = facts(geyser.summary())
    assert float(said["log-likelihood"]) == pytest.approx(geyser.log_likelihood_, abs=5e-4)
    assert float(said["AIC"]) == pytest.approx(geyser.aic(waiting), abs=5e-4)
    assert float(said["BIC"]) == pytest.approx(geyser.bic(waiting), abs=5e-4)
    assert said["free parameters"] == "5"
    assert said["data"] == "272 rows, 1 column"
    assert said["iterations"] == f"{geyser.n_iter_}, converged"


def test_weighted_rows_count_by_their_weight():
    data = datasets.load("times_deaths")
    model = MixtureModel([Poisson(), Poisson()]).fit(data["deaths"], sample_weight=data["days"])
    said = facts(model.summary())
    assert said["data"] == "10 rows of total weight 1096, 1 column"
    assert float(said["BIC"]) == pytest.approx(model.bic(data["deaths"], data["days"]), abs=5e-4)


def test_a_stop_before_the_optimum_is_told(waiting):
    with pytest.warns(ConvergenceWarning):
        model = MixtureModel([Normal(), Normal()], max_iter=2).fit(waiting)
    assert facts(model.summary())["iterations"] == "2, stopped at max_iter"


def test_unknown_parameters_are_marked():
    text = MixtureModel([Normal(), Exponential(rate=3)]).summary()
    assert text == (
        "MixtureModel of 2 components, not fitted: call fit(x) to find what is marked ?\n\n"
        "component    weight  parameters\n"
        "Normal            ?  mean=?  std=?\n"
        "Exponential       ?  rate=3"
    )


def test_given_parameters_and_weights():
    text = MixtureModel([Normal(0, 1), Exponential(rate=3)], weights=[1, 3]).summary()
    assert text.startswith("MixtureModel of 2 components, not fitted: these parameters were given\n")
    assert "Normal       0.2500  mean=0  std=1\nExponential  0.7500  rate=3" in text


def test_weights_may_be_known_where_parameters_are_not():
    assert "Normal 2   0.7500  mean=?  std=?" in MixtureModel([Normal(), Normal()], weights=[1, 3]).summary()


def test_several_columns_of_unknown_number():
    assert "mean=?  cov=?" in MixtureModel(MultivariateNormal(), n_components=2).summary()


def test_frozen_parameters_are_marked():
    components = {"a": Normal(3, 1).freeze("mean"), "b": MultivariateNormal([1.0], [[4.0]]).freeze("cov")}
    text = MixtureModel(components).summary()
    assert re.search(r"mean=3 \(frozen\) +std=1$", text, re.M)
    assert re.search(r"mean=\[1\] +cov: std=\[2\] \(frozen\)$", text, re.M)


def test_nested_components_are_indented_and_their_shares_add_up(waiting):
    inner = MixtureModel([Normal(50, 5), Normal(70, 5)])
    model = MixtureModel({"geyser": inner, "late": Normal(90, 5)}).fit(waiting)
    lines = [line.split() for line in model.summary().split("\n\n")[1].splitlines()[1:]]
    assert [line[0] for line in lines] == ["geyser", "Normal", "Normal", "late"]
    assert "\n  Normal 1 " in model.summary()
    weights = [float(line[index]) for line, index in zip(lines, (2, 3, 3, 2), strict=True)]
    counts = [float(line[index]) for line, index in zip(lines, (3, 4, 4, 3), strict=True)]
    assert weights[0] == pytest.approx(weights[1] + weights[2], abs=2e-4)
    assert counts[0] == pytest.approx(counts[1] + counts[2], abs=0.2)
    assert counts[0] + counts[3] == pytest.approx(272, abs=0.2)


def test_nested_components_of_an_unfitted_model():
    nested = MixtureModel({"out": MixtureModel([Normal(), Normal(1, 2)]), "in": Poisson(3)}, weights=[1, 1])
    text = nested.summary()
    assert re.search(r"^out +MixtureModel +0\.5000$", text, re.M)
    assert re.search(r"^  Normal 2 +Normal +\? +mean=1 +std=2$", text, re.M)


@pytest.mark.parametrize("d", [2, 5, 30])
@pytest.mark.parametrize("structure", ["full", "diagonal", "spherical"])
def test_a_covariance_does_not_flood(d, structure, rng):
    X = np.concatenate([rng.normal(size=(300, d)), rng.normal(5, 2, size=(300, d))])
    model = MixtureModel(MultivariateNormal(structure=structure), n_components=2).fit(X)
    lines = model.summary().splitlines()
    assert max(map(len, lines)) <= 100
    assert len(lines) <= 18
    assert any("cov: std=[" in line for line in lines)
    assert any("corr" in line for line in lines) == (structure == "full")
    assert any("structure=" in line for line in lines) == (structure != "full")
    assert any(f"... {d} entries" in line for line in lines) == (d > 6)


@pytest.mark.parametrize(
    ("mean", "std", "text"),
    [
        (54.6148556, 5.8712189, "mean=54.615  std=5.871"),
        (100000054.6148556, 5.8712189, "mean=100000054.615  std=5.871"),
        (3.2e-17, 1.0, "mean=0  std=1"),
        (-2e-9, 1.0, "mean=0  std=1"),
        (0.0, 1e-12, "mean=0  std=1e-12"),
        (5.46148e10, 5.87121e9, "mean=5.4615e+10  std=5.871e+09"),
        (1e300, 1e-300, "mean=1e+300  std=1e-300"),
    ],
)
def test_digits_suit_the_scale(mean, std, text):
    assert MixtureModel([Normal(mean, std)]).summary().endswith(text)


def test_settings_and_parts_of_other_families_are_shown():
    class Wrapper(Distribution):
        part: Distribution = Normal(0, 1)
        marks: tuple = ()

        def log_pdf(self, x):
            return self.part.log_pdf(x)

        def fit(self, x, sample_weight=None):
            return self

        def sample(self, size, rng=None):
            return self.part.sample(size, rng)

    assert "part=Poisson(rate=3.333)" in MixtureModel([Wrapper(Poisson(10 / 3), marks=("a", True))]).summary()
    assert "marks=[a, True]" in MixtureModel([Wrapper(Poisson(10 / 3), marks=("a", True))]).summary()
    assert MixtureModel([Wrapper()]).summary().splitlines()[-1].split() == ["Wrapper", "1.0000"]


def test_a_model_changed_after_its_fit_still_shows_the_fit(waiting):
    model = MixtureModel([Normal(), Normal()]).fit(waiting)
    before = model.summary()
    model.set_params(components=Poisson(), n_components=3)
    assert model.summary() == before


def test_html_says_the_same(geyser):
    text = geyser._repr_html_()
    assert re.findall(r"<th[^>]*>(.*?)</th>", text) == ["component", "weight", "count", "parameters"]
    cells = [re.sub("<.*?>|&#9632;", "", cell).strip() for cell in re.findall(r"<td.*?>(.*?)</td>", text)]
    assert cells[:4] == ["Normal 1", "0.3609", "98.2", "mean=54.615, std=5.871"]
    assert re.findall("color:(#.{6})", text) == component_colors(2)
    assert "log-likelihood: -1034.002<br>AIC: 2078.003<br>BIC: 2096.033<br>" in text


def test_html_is_short_safe_and_well_formed(rng):
    names = [f"<script>alert({k})</script> & 'co'" for k in range(10)]
    components = {name: MultivariateNormal(rng.normal(size=5), np.eye(5) + 0.1) for name in names}
    text = MixtureModel(components)._repr_html_()
    assert len(text.encode()) < 5 * 1024
    assert "<script" not in text
    assert "&lt;script&gt;alert(3)&lt;/script&gt; &amp; &#x27;co&#x27;" in text
    for tag in ("table", "tr", "td", "th", "span", "p"):
        assert len(re.findall(f"<{tag}[ >]", text)) == text.count(f"</{tag}>") > 0


def test_html_of_an_unfitted_model():
    text = MixtureModel({"a": MixtureModel([Normal(), Normal()]), "b": Poisson(1)})._repr_html_()
    assert "not fitted" in text
    assert "&emsp;" in text
    assert "mean=?, std=?" in text
