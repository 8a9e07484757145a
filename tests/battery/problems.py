"""The problems: real and simulated data, and the mixture to fit to them.

A problem is cheap to name and made when it is asked for. Simulated ones have seeds of their own, so that `optima.json`
stays true.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from mixtures import (
    Beta,
    Binomial,
    Categorical,
    Exponential,
    Gamma,
    Geometric,
    Laplace,
    LogNormal,
    MixtureModel,
    Multinomial,
    MultivariateBernoulli,
    MultivariateNormal,
    NegativeBinomial,
    Normal,
    Poisson,
    Product,
    StudentT,
    Truncated,
    Uniform,
    UniformBox,
    VonMises,
    VonMisesFisher,
    Weibull,
    ZeroInflated,
    datasets,
)


class Problem(NamedTuple):
    """Data, and the arguments of the mixture to fit to them."""

    x: Any
    components: Any
    arguments: dict[str, Any] = {}
    weight: Any = None
    labels: Any = None

    def model(self, **settings: Any) -> MixtureModel:
        """Return the model, not fitted."""
        return MixtureModel(self.components, **self.arguments, **settings)

    def fit(self, **settings: Any) -> MixtureModel:
        """Return the model fitted to the data."""
        return self.model(**settings).fit(self.x, sample_weight=self.weight, labels=self.labels)


PROBLEMS: dict[str, Callable[[], Problem]] = {}
SAME_AS: dict[str, str] = {}  # problems that are another one with the components in another order


def problem(make: Callable[[], Problem]) -> Callable[[], Problem]:
    """Enter a problem under the name of the function that makes it."""
    PROBLEMS[make.__name__] = make
    return make


def draws(seed: int) -> np.random.Generator:
    """Return the generator of one problem."""
    return np.random.default_rng([20261129, seed])


def normals(k: int) -> list[Normal]:
    """Return so many normals without parameters."""
    return [Normal()] * k


def multivariate(k: int, structure: str = "full") -> list[MultivariateNormal]:
    """Return so many multivariate normals without parameters."""
    return [MultivariateNormal(structure=structure)] * k


def columns(name: str, *wanted: str) -> np.ndarray:
    """Return columns of a data set without the rows that lack a cell."""
    table = datasets.load(name)
    rows = np.column_stack([table[column] for column in wanted])
    return rows[~np.isnan(rows).any(axis=1)]


MEASURES = "bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"

# ---------------------------------------------------------------------------------------------- real, one column


@problem
def waiting_2():
    return Problem(datasets.load("old_faithful")["waiting"], normals(2))


@problem
def waiting_student_2():
    return Problem(datasets.load("old_faithful")["waiting"], [StudentT(df=5).freeze("df")] * 2)


@problem
def eruptions_2():
    return Problem(datasets.load("old_faithful")["eruptions"], normals(2))


@problem
def eruptions_gamma_normal():
    return Problem(datasets.load("old_faithful")["eruptions"], [Gamma(), Normal()])


@problem
def deaths_2():
    table = datasets.load("times_deaths")
    return Problem(table["deaths"], [Poisson()] * 2, weight=table["days"])


@problem
def crabs_poisson_3():
    table = datasets.load("horseshoe_crabs")
    return Problem(table["satellites"], [Poisson()] * 3, weight=table["females"])


@problem
def crabs_geometric_poisson():
    table = datasets.load("horseshoe_crabs")
    return Problem(table["satellites"], [Geometric(), Poisson()], weight=table["females"])


@problem
def crabs_zero_inflated_2():
    table = datasets.load("horseshoe_crabs")
    return Problem(table["satellites"], [ZeroInflated(Poisson()), Poisson()], weight=table["females"])


@problem
def galaxies_3():
    return Problem(datasets.load("galaxies")["velocity"], normals(3))


@problem
def galaxies_tied_4():
    return Problem(datasets.load("galaxies")["velocity"], normals(4), {"tied": "std"})


@problem
def galaxies_tied_6():
    return Problem(datasets.load("galaxies")["velocity"], normals(6), {"tied": "std"})


@problem
def galton_2():
    return Problem(datasets.load("galton_heights")["height"], normals(2))


@problem
def spikes_2():
    return Problem(datasets.load("spike_times")["time"], normals(2))


@problem
def spikes_uniform_normal():
    x = datasets.load("spike_times")["time"]
    return Problem(x, [Uniform.over(x), Normal()])


@problem
def body_mass_2():
    return Problem(columns("penguins", "body_mass_g")[:, 0], normals(2))


@problem
def flipper_log_normal_2():
    return Problem(columns("penguins", "flipper_length_mm")[:, 0], [LogNormal()] * 2)


# ------------------------------------------------------------------------------------------ real, several columns


@problem
def faithful_full_2():
    return Problem(columns("old_faithful", "eruptions", "waiting"), multivariate(2))


@problem
def faithful_full_3():
    return Problem(columns("old_faithful", "eruptions", "waiting"), multivariate(3))


@problem
def faithful_tied_3():
    return Problem(columns("old_faithful", "eruptions", "waiting"), multivariate(3), {"covariance": "EEE"})


@problem
def faithful_shape_3():
    return Problem(columns("old_faithful", "eruptions", "waiting"), multivariate(3), {"covariance": "VEV"})


@problem
def faithful_diagonal_4():
    return Problem(columns("old_faithful", "eruptions", "waiting"), multivariate(4, "diagonal"))


@problem
def penguins_full_3():
    return Problem(columns("penguins", *MEASURES), multivariate(3))


@problem
def penguins_full_4():
    return Problem(columns("penguins", *MEASURES), multivariate(4))


@problem
def galaxies_4():
    return Problem(datasets.load("galaxies")["velocity"], normals(4))


@problem
def penguins_tied_4():
    return Problem(columns("penguins", *MEASURES), multivariate(4), {"covariance": "EEE"})


@problem
def penguins_diagonal_3():
    return Problem(columns("penguins", *MEASURES), multivariate(3, "diagonal"))


@problem
def penguins_missing_3():
    table = datasets.load("penguins")
    rows = np.column_stack([table[name] for name in MEASURES])
    return Problem(rows[~np.isnan(rows).all(axis=1)], multivariate(3))


@problem
def penguins_mixed_3():
    part = Product({MEASURES: MultivariateNormal(), "island": Categorical(), "sex": Categorical()})
    return Problem(datasets.load("penguins"), [part] * 3, {"tied": "sex"})


@problem
def galton_product_2():
    table = datasets.load("galton_heights")
    part = Product({"height": Normal(), "mother": Normal(), "sex": Categorical()})
    return Problem(table, [part] * 2)


@problem
def iris_full_3():
    from sklearn.datasets import load_iris

    return Problem(load_iris().data, multivariate(3))


@problem
def wine_diagonal_3():
    from sklearn.datasets import load_wine

    return Problem(load_wine().data, multivariate(3, "diagonal"))


@problem
def wine_tied_3():
    from sklearn.datasets import load_wine

    return Problem(load_wine().data, multivariate(3), {"covariance": "EEE"})


# ------------------------------------------------------------------------------------------ simulated normals


def _normal_draws(rng, sizes, means, stds):
    return np.concatenate([rng.normal(m, s, n) for n, m, s in zip(sizes, means, stds, strict=True)])


def _clusters(rng, n, k, d, separation, shares=None):
    """Return rows of k clusters with random covariances, means about so many standard deviations apart."""
    sizes = rng.multinomial(n, np.full(k, 1.0 / k) if shares is None else shares)
    rows = []
    for size in sizes:
        shape = rng.normal(size=(d, d)) / np.sqrt(d) + np.eye(d)
        rows.append(rng.normal(0.0, separation, d) + rng.normal(size=(size, d)) @ shape)
    return np.concatenate(rows)


@problem
def overlap_3():
    return Problem(_normal_draws(draws(1), (200, 150, 150), (0, 2.5, 6), (1, 1, 1.5)), normals(3))


@problem
def overlap_5():
    x = _normal_draws(draws(2), (600, 500, 400, 300, 200), (0, 4, 8, 12, 15), (1, 0.6, 1.4, 0.8, 1))
    return Problem(x, normals(5))


@problem
def thirty_rows_2():
    return Problem(_normal_draws(draws(3), (18, 12), (0, 4), (1, 1)), normals(2), {"tied": "std"})


@problem
def two_scales():
    return Problem(_normal_draws(draws(4), (500, 500), (0, 0), (1, 8)), normals(2))


@problem
def three_scales():
    return Problem(_normal_draws(draws(5), (1000, 700, 500), (0, 0, 0), (1, 6, 40)), normals(3))


@problem
def one_percent():
    return Problem(_normal_draws(draws(6), (4950, 50), (0, 5), (1, 0.4)), normals(2))


@problem
def one_percent_inside():
    return Problem(_normal_draws(draws(7), (3960, 40), (0, 1), (3, 0.05)), normals(2))


@problem
def one_percent_of_three():
    x = _normal_draws(draws(8), (2000, 1960, 40), (0, 10, 5), (1.5, 1.5, 0.3))
    return Problem(x, normals(3))


@problem
def ladder_of_weights():
    x = _normal_draws(draws(9), (1600, 800, 400, 200, 100), (0, 6, 11, 15, 18.5), (1, 1, 0.8, 0.8, 0.5))
    return Problem(x, normals(5))


@problem
def normals_8():
    rng = draws(24)
    means = np.cumsum(rng.uniform(2.5, 5.0, 8))
    return Problem(_normal_draws(rng, [150] * 8, means, rng.uniform(0.6, 1.3, 8)), normals(8))


@problem
def plane_full_8():
    return Problem(_clusters(draws(25), 1600, 8, 2, 5.0), multivariate(8))


@problem
def plane_diagonal_12():
    rng = draws(26)
    centres = rng.uniform(-12, 12, (12, 2))
    x = np.concatenate([rng.normal(centre, rng.uniform(0.4, 1.5, 2), (80, 2)) for centre in centres])
    return Problem(x, multivariate(12, "diagonal"))


@problem
def tiny_unit():
    return Problem(1e-8 * _normal_draws(draws(10), (300, 200, 100), (0, 3, 7), (1, 1, 0.5)), normals(3))


@problem
def huge_unit_far_off():
    return Problem(1e8 * (100.0 + _normal_draws(draws(10), (300, 200, 100), (0, 3, 7), (1, 1, 0.5))), normals(3))


@problem
def hundred_thousand():
    return Problem(_normal_draws(draws(11), (50_000, 30_000, 20_000), (0, 2, 6), (1, 1, 2)), normals(3))


@problem
def hundred_thousand_plane_5():
    return Problem(_clusters(draws(12), 100_000, 5, 2, 4.0), multivariate(5))


@problem
def plane_full_4():
    return Problem(_clusters(draws(13), 800, 4, 2, 2.5), multivariate(4))


@problem
def plane_crossed_2():
    rng = draws(14)
    long = rng.normal(size=(300, 2)) * [5.0, 0.5]
    return Problem(np.concatenate([long, rng.normal(size=(300, 2)) * [0.5, 5.0]]), multivariate(2))


@problem
def plane_unequal_units_3():
    return Problem(_clusters(draws(15), 600, 3, 2, 3.0) * [1e-8, 1e8], multivariate(3))


@problem
def space_one_percent():
    return Problem(_clusters(draws(16), 4000, 3, 5, 3.0, [0.6, 0.39, 0.01]), multivariate(3))


@problem
def ten_columns_3():
    return Problem(_clusters(draws(17), 1500, 3, 10, 1.0), multivariate(3))


@problem
def twenty_columns_diagonal_4():
    rng = draws(18)
    means, stds = rng.normal(0, 1.0, (4, 20)), rng.uniform(0.5, 2.0, (4, 20))
    return Problem(
        np.concatenate([rng.normal(m, s, (250, 20)) for m, s in zip(means, stds, strict=True)]),
        multivariate(4, "diagonal"),
    )


@problem
def twenty_columns_noise():
    rng = draws(19)
    rows = rng.normal(size=(600, 20))
    rows[:200, 0] += 4.0
    rows[200:400, 1] -= 4.0
    return Problem(rows * 10.0 ** np.linspace(-8, 8, 20), multivariate(3), {"covariance": "EEI"})


@problem
def spherical_8():
    rng = draws(20)
    centres = rng.uniform(-10, 10, (8, 3))
    x = np.concatenate([rng.normal(centre, 1.0, (60, 3)) for centre in centres])
    return Problem(x, multivariate(8), {"covariance": "EII"})


@problem
def noise_box():
    rng = draws(21)
    x = np.vstack([rng.normal(0, 1, (200, 2)), rng.normal(6, 1, (200, 2)), rng.uniform(-20, 25, (60, 2))])
    return Problem(x, [*multivariate(2), UniformBox.over(x)])


@problem
def weighted_rows():
    rng = draws(22)
    x = _normal_draws(rng, (400, 400), (0, 3), (1, 1))
    return Problem(x, normals(2), weight=rng.gamma(0.5, 2.0, 800))


@problem
def some_labels():
    rng = draws(23)
    x = _normal_draws(rng, (200, 200, 200), (0, 2, 4), (1, 1, 1))
    return Problem(x, normals(3), labels=np.where(rng.random(600) < 0.1, np.repeat([0, 1, 2], 200), -1))


# ------------------------------------------------------------------------- other families, other orders of the list


def in_every_order(name: str, kinds: list[Any], data: Callable[[], np.ndarray]) -> None:
    """Enter one problem for each order of the components."""
    orders = list(itertools.permutations(range(len(kinds))))
    titles = ["_".join([name, *(type(kinds[i]).__name__.lower() for i in order)]) for order in orders]
    for title, order in zip(titles, orders, strict=True):
        PROBLEMS[title] = lambda order=order: Problem(data(), [kinds[i] for i in order])
    SAME_AS.update(dict.fromkeys(titles[1:], titles[0]))


def _decay_and_peak():
    rng = draws(31)
    return np.concatenate([rng.exponential(1.0, 700), rng.normal(5.0, 1.0, 300)])


def _three_kinds():
    rng = draws(32)
    return np.concatenate([rng.exponential(1.0, 400), rng.gamma(30.0, 0.3, 400), rng.normal(20.0, 1.0, 300)])


def _counts_of_two_kinds():
    rng = draws(33)
    return np.concatenate([rng.geometric(0.4, 500) - 1, rng.poisson(12.0, 300)])


def _failures():
    rng = draws(34)
    return np.concatenate([rng.exponential(2.0, 300), 20.0 * rng.weibull(5.0, 500)])


in_every_order("peak", [Exponential(), Normal()], _decay_and_peak)
in_every_order("three", [Exponential(), Gamma(), Normal()], _three_kinds)
in_every_order("counts", [Geometric(), Poisson()], _counts_of_two_kinds)
in_every_order("failures", [Exponential(), Weibull()], _failures)


@problem
def gammas_3():
    rng = draws(41)
    x = np.concatenate([rng.gamma(a, s, 400) for a, s in ((2, 1), (20, 0.5), (60, 0.5))])
    return Problem(x, [Gamma()] * 3)


@problem
def exponentials_2():
    rng = draws(42)
    return Problem(np.concatenate([rng.exponential(1.0, 1000), rng.exponential(10.0, 500)]), [Exponential()] * 2)


@problem
def poissons_4():
    rng = draws(43)
    return Problem(np.concatenate([rng.poisson(rate, 400) for rate in (1, 8, 20, 45)]), [Poisson()] * 4)


@problem
def negative_binomials_2():
    rng = draws(44)
    x = np.concatenate([rng.negative_binomial(3, 0.5, 600), rng.negative_binomial(20, 0.4, 400)])
    return Problem(x, [NegativeBinomial()] * 2)


@problem
def betas_2():
    rng = draws(45)
    return Problem(np.concatenate([rng.beta(2, 8, 400), rng.beta(9, 3, 300)]), [Beta()] * 2)


@problem
def angles_3():
    rng = draws(46)
    x = np.concatenate([rng.vonmises(m, k, 250) for m, k in ((3.0, 6.0), (-1.5, 4.0), (0.7, 9.0))])
    return Problem(x, [VonMises()] * 3)


@problem
def directions_4():
    rng = draws(47)
    centres = rng.normal(size=(4, 3))
    rows = np.concatenate([4.0 * centre / np.linalg.norm(centre) + rng.normal(size=(150, 3)) for centre in centres])
    return Problem(rows / np.linalg.norm(rows, axis=1, keepdims=True), [VonMisesFisher()] * 4)


@problem
def answers_3():
    rng = draws(48)
    prob = rng.beta(0.6, 0.6, (3, 10))
    return Problem(
        np.concatenate([(rng.random((200, 10)) < p).astype(float) for p in prob]), [MultivariateBernoulli()] * 3
    )


@problem
def categories_3():
    rng = draws(49)
    tables = rng.dirichlet(np.full(4, 0.5), (3, 6))
    x = np.concatenate([np.stack([rng.choice(4, 250, p=p) for p in table], axis=1) for table in tables])
    return Problem(x, [Product([Categorical(categories=range(4))] * 6)] * 3)


@problem
def words_4():
    rng = draws(50)
    tables = rng.dirichlet(np.full(12, 0.4), 4)
    return Problem(np.concatenate([rng.multinomial(30, p, 120) for p in tables]), [Multinomial()] * 4)


@problem
def trials_3():
    rng = draws(51)
    return Problem(np.concatenate([rng.binomial(20, p, 200) for p in (0.1, 0.4, 0.8)]), [Binomial(trials=20)] * 3)


@problem
def laplace_normal():
    rng = draws(52)
    return Problem(np.concatenate([rng.laplace(0, 1, 250), rng.normal(6, 1, 150)]), [Normal(), Laplace()])


@problem
def students_2():
    rng = draws(53)
    return Problem(np.concatenate([rng.standard_t(3, 500), 8.0 + rng.standard_t(6, 400)]), [StudentT()] * 2)


@problem
def truncated_2():
    rng = draws(54)
    x = _normal_draws(rng, (600, 600), (0, 4), (1, 1))
    return Problem(x[x > 0], [Truncated(Normal(), low=0.0), Normal()])


@problem
def product_3():
    rng = draws(55)
    parts = ((0.0, 3.0), (3.0, 3.0), (3.0, 12.0))
    rows = [np.column_stack([rng.normal(m, 1, 200), rng.poisson(r, 200)]) for m, r in parts]
    return Problem(np.concatenate(rows), [Product([Normal(), Poisson()])] * 3)


@problem
def nested():
    rng = draws(56)
    x = np.concatenate([rng.exponential(3.0, 500), rng.normal(10, 0.7, 200), rng.normal(14, 0.7, 200)])
    return Problem(x, {"bumps": MixtureModel(normals(2)), "tail": Exponential()})
