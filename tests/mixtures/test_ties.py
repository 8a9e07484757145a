"""Values that components share: equal, in ratio, or whole parts of products."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import optimize

from distributions.kernels import compiled
from mixtures import (
    Beta,
    Categorical,
    ConvergenceWarning,
    DegeneracyWarning,
    Distribution,
    Exponential,
    Gamma,
    InvalidParameterError,
    Laplace,
    MixtureModel,
    MultivariateNormal,
    NegativeBinomial,
    Normal,
    Poisson,
    Prior,
    Product,
    StudentT,
    VonMises,
    Weibull,
)
from mixtures.derivatives import STEP, accumulate_derivatives, n_derivatives
from mixtures.ties import read, record


class NormalWithoutKernels(Normal):
    """The normal distribution without kernels."""

    kernels = None

    def log_pdf(self, x):
        return -0.5 * ((np.ravel(x) - self.mean) / self.std) ** 2 - np.log(self.std * np.sqrt(2 * np.pi))

    def fit(self, x, sample_weight=None):
        mean = np.average(np.ravel(x), weights=sample_weight)
        return self.with_values(mean=mean, std=np.sqrt(np.average((np.ravel(x) - mean) ** 2, weights=sample_weight)))


@pytest.fixture
def x(rng):
    return np.concatenate([rng.normal(-2.0, 0.7, 120), rng.normal(2.0, 1.4, 180)])


def direct(make, start, x, weight=None):
    """Return a maximum of the log-likelihood of ``make(v)`` over v, found without EM, and the log-likelihood there."""

    def loss(v):
        return -make(v).log_likelihood(x, weight)

    best = optimize.minimize(loss, start, method="Nelder-Mead", options={"maxfev": 200})
    for _ in range(3):
        best = optimize.minimize(loss, best.x, method="BFGS", options={"gtol": 1e-10})
    v, h = best.x, 1e-3
    p = len(v)
    for _ in range(4):  # Newton's method from differences: BFGS stops at the rounding of a long sum
        steps = h * np.eye(p)
        score = np.array(
            [(8 * (loss(v + e) - loss(v - e)) - loss(v + 2 * e) + loss(v - 2 * e)) / 12 / h for e in steps]
        )
        bend = np.array(
            [
                [(loss(v + a + b) - loss(v + a - b) - loss(v - a + b) + loss(v - a - b)) / (4 * h * h) for a in steps]
                for b in steps
            ]
        )
        v = v - np.linalg.solve(bend, score)
    return v, -loss(v)


def share(t):
    w = 1.0 / (1.0 + np.exp(-t))
    return [w, 1.0 - w]


def climbs(model):
    return np.all(np.diff(model.history_) >= -1e-9)


def pooled_em(x, weight, mean, std, share, steps):
    """EM of normals of one standard deviation, in closed form."""
    history = []
    for _ in range(steps):
        joint = share * np.exp(-0.5 * ((x[:, None] - mean) / std) ** 2) / (std * np.sqrt(2 * np.pi))
        history.append(weight @ np.log(joint.sum(axis=1)))
        r = weight[:, None] * joint / joint.sum(axis=1, keepdims=True)
        mass = r.sum(axis=0)
        share, mean = mass / mass.sum(), (r.T @ x) / mass
        std = np.sqrt((r * (x[:, None] - mean) ** 2).sum() / mass.sum())
    return share, mean, std, history[-1]


@pytest.mark.parametrize("weighted", [False, True])
def test_one_standard_deviation_equals_the_pooled_closed_form(weighted, x, rng):
    weight = rng.uniform(0.3, 2.0, x.size) if weighted else np.ones(x.size)
    model = MixtureModel([Normal(-1.0, 1.0), Normal(1.0, 1.0)], tied="std", tol=1e-20).fit(x, sample_weight=weight)
    share, mean, std, best = pooled_em(x, weight, np.array([-1.0, 1.0]), 1.0, np.array([0.5, 0.5]), 3000)
    assert model.converged_ and climbs(model)
    assert_allclose(model.weights_, share, atol=1e-8)
    assert_allclose([c.mean for c in model.components_], mean, atol=1e-8)
    assert model.components_[0].std == model.components_[1].std == pytest.approx(std, rel=1e-8)
    assert model.log_likelihood_ == pytest.approx(best, abs=1e-8)
    assert model.n_parameters == 4


def test_signed_and_scaled_values_as_in_mixtools(x):
    tied = {"mean": {"a": 1, "b": -1}, "std": {"a": 1, "b": 2}}
    model = MixtureModel({"a": Normal(), "b": Normal()}, tied=tied, n_init=5).fit(x)
    a, b = model.components_.values()
    assert (b.mean, b.std) == (-a.mean, 2 * a.std) and model.n_parameters == 3 and model.converged_

    def make(v):
        return MixtureModel([Normal(v[1], np.exp(v[2])), Normal(-v[1], 2 * np.exp(v[2]))], weights=share(v[0]))

    v, best = direct(make, [0.0, a.mean + 0.1, 0.0], x)
    assert_allclose([*model.weights_, a.mean, a.std], [*share(v[0]), v[1], np.exp(v[2])], atol=1e-6)
    assert model.log_likelihood_ == pytest.approx(best, abs=1e-8)


CASES = {
    "gamma": (
        "shape",
        lambda v: [Gamma(np.exp(v[1]), np.exp(v[2])), Gamma(np.exp(v[1]), np.exp(v[3]))],
        [0.0, 1.5, 1.0, -0.5],
    ),
    "student t": (
        "df",
        lambda v: [StudentT(np.exp(v[1]), v[2], np.exp(v[3])), StudentT(np.exp(v[1]), v[4], np.exp(v[5]))],
        [0.0, 1.5, -3.0, 0.0, 3.0, 0.0],
    ),
    "negative binomial": (
        "size",
        lambda v: [
            NegativeBinomial(np.exp(v[1]), 1 / (1 + np.exp(-v[2]))),
            NegativeBinomial(np.exp(v[1]), 1 / (1 + np.exp(-v[3]))),
        ],
        [0.0, 1.5, 1.0, -2.0],
    ),
    "weibull": (
        "shape",
        lambda v: [Weibull(np.exp(v[1]), np.exp(v[2])), Weibull(np.exp(v[1]), np.exp(v[3]))],
        [0.0, 1.0, 0.0, 2.0],
    ),
    "von mises": (
        "concentration",
        lambda v: [VonMises(v[2], np.exp(v[1])), VonMises(v[3], np.exp(v[1]))],
        [0.0, 1.5, -1.0, 1.5],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_shared_parameter_of_any_family_equals_a_direct_maximum(case, rng):
    name, components, truth = CASES[case]
    data = MixtureModel(components(truth), weights=share(truth[0])).sample(500, rng)
    start = MixtureModel(components(np.add(truth, 0.1)), weights=[0.5, 0.5])
    model = MixtureModel(start.components, weights=[0.5, 0.5], tied=name).fit(data)
    v, best = direct(lambda v: MixtureModel(components(v), weights=share(v[0])), truth, data)
    wanted = [value for part in components(v) for value in part.parameters.values()]
    found = [value for part in model.components_ for value in part.parameters.values()]
    assert model.converged_ and climbs(model)
    assert_allclose([*found, *model.weights_], [*wanted, *share(v[0])], rtol=1e-6)
    assert model.log_likelihood_ == pytest.approx(best, abs=1e-8)
    assert model.n_parameters == len(truth)


@pytest.mark.parametrize("case", ["gamma", "von mises"])
def test_weights_of_rows_are_repetition(case, rng):
    name, components, truth = CASES[case]
    data = MixtureModel(components(truth), weights=[0.4, 0.6]).sample(150, rng)
    count = rng.integers(0, 3, len(data))
    model = MixtureModel(components(np.add(truth, 0.1)), weights=[0.5, 0.5], tied=name, tol=1e-18)
    one = MixtureModel(**model.get_params()).fit(data, sample_weight=count)
    other = model.fit(np.repeat(data, count))
    assert_allclose(one.weights_, other.weights_, rtol=1e-8)
    for a, b in zip(one.components_, other.components_, strict=True):
        assert_allclose(list(a.parameters.values()), list(b.parameters.values()), rtol=1e-8)


def test_an_angle_may_turn_across_the_cut(rng):
    data = np.concatenate([VonMises(3.0, 5.0).sample(200, rng), VonMises(0.0, 5.0).sample(200, rng)])
    turned = np.mod(data + np.pi + 0.5, 2 * np.pi) - np.pi
    fits = [
        MixtureModel([VonMises(start, 4.0), VonMises(0.3, 4.0)], tied="concentration").fit(x)
        for start, x in [(2.9, data), (3.1, turned)]
    ]
    one, other = fits
    assert np.mod(one.components_[0].loc + 0.5, 2 * np.pi) == pytest.approx(
        np.mod(other.components_[0].loc, 2 * np.pi), abs=1e-7
    )
    assert one.components_[0].concentration == pytest.approx(other.components_[0].concentration, rel=1e-7)
    assert other.components_[0].loc < 0.0


def test_groups_of_components_and_what_is_left_alone(rng):
    x = np.concatenate([rng.normal(m, s, 150) for m, s in [(-9, 1), (-3, 1), (3, 2), (9, 2)]])
    names = "abcd"
    parts = {name: Normal(m, 1.0) for name, m in zip(names, [-8, -4, 4, 8], strict=True)}
    model = MixtureModel(parts, tied={"std": [["a", "b"], ["c", "d"]]}).fit(x)
    a, b, c, d = model.components_.values()
    assert a.std == b.std != c.std == d.std and model.n_parameters == 4 + 2 + 3
    by_number = MixtureModel(list(parts.values()), tied={"std": [[0, 1], [2, 3]]}).fit(x)
    assert by_number.log_likelihood_ == model.log_likelihood_
    free = MixtureModel(parts, tied={"std": ["a", "b"]}).fit(x)
    pair = free.components_
    assert pair["a"].std == pair["b"].std and free.n_parameters == 4 + 3 + 3
    assert free.log_likelihood_ > model.log_likelihood_
    everything = MixtureModel(parts, tied="std").fit(x)
    assert everything.log_likelihood_ < model.log_likelihood_ and everything.n_parameters == 4 + 1 + 3


def test_chained_ties_move_together(x):
    parts = {"a": Normal(-2.0, 1.0), "b": Normal(2.0, 1.0), "c": Normal(0.5, 2.0)}
    model = MixtureModel(parts, tied={"mean": {"a": 1, "b": -1}, "std": ["b", "c"]}).fit(x)
    a, b, c = model.components_.values()
    assert b.mean == -a.mean and b.std == c.std != a.std and model.converged_ and climbs(model)
    assert model.n_parameters == 2 + 2 + 2

    def make(v):
        shares = np.exp([0.0, v[0], v[1]])
        parts = [Normal(v[2], np.exp(v[3])), Normal(-v[2], np.exp(v[4])), Normal(v[5], np.exp(v[4]))]
        return MixtureModel(parts, weights=shares / shares.sum())

    w = model.weights_
    v, best = direct(
        make, [np.log(w[1] / w[0]), np.log(w[2] / w[0]), a.mean, np.log(a.std), np.log(b.std), c.mean + 1e-2], x
    )
    assert model.log_likelihood_ == pytest.approx(best, abs=1e-8)


@compiled
def call(log_pdf, X, r, theta, steps, stats):
    """Call by address, as the compiled loop does."""
    accumulate_derivatives(log_pdf, X, r, theta, steps, stats)


def score_and_curvature(distribution, x, units):
    """Return first and second derivatives of the log-likelihood by the differences of the sweep."""
    q = len(distribution.declared)
    steps = 2.0 ** np.floor(np.log2(STEP * np.array(units)))
    stats = np.zeros(n_derivatives(q))
    address = distribution.kernels.addresses[0]
    call(address, x[np.newaxis], np.ones(len(x)), distribution.to_theta(), steps, stats)
    return stats[:q], stats[q:]


@pytest.mark.parametrize("mean, std", [(0.0, 1.0), (1e8, 3.0), (-2.0, 1e-6)])
def test_derivatives_of_the_normal_equal_closed_forms(mean, std, rng):
    x = rng.normal(mean, std, 200)
    at = Normal(mean + 0.4 * std, 1.3 * std)
    z = (x - at.mean) / at.std
    score, curvature = score_and_curvature(at, x, [at.std, at.std])
    assert_allclose(score * at.std, [z.sum(), (z**2 - 1).sum()], rtol=0.0, atol=200 * 1e-12)
    assert_allclose(curvature * at.std**2, [-200.0, -2 * z.sum(), (1 - 3 * z**2).sum()], rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize(
    "truth",
    [
        Gamma(2.5, 3.0),
        Gamma(1e5, 3e5),
        Weibull(1000.0, 3.0),
        StudentT(3.0, 2.0, 3.0),
        Beta(0.3, 4.0),
    ],
    ids=repr,
)
def test_scores_vanish_where_a_familys_own_fit_ends(truth, rng):
    x = truth.sample(400, rng)
    fitted = truth.fit(x)
    units = np.array(list(fitted.parameters.values()))
    for _ in range(3):  # as sweeps do
        score, curvature = score_and_curvature(fitted, x, units)
        diagonal = curvature[[j * (j + 3) // 2 for j in range(len(units))]]
        units = np.minimum(np.abs(units), np.sqrt(-len(x) / diagonal))
    assert_allclose(score * units / len(x), 0.0, atol=1e-10)


# ------------------------------------------------------------------------------------------------ whole families


def test_all_parameters_tied_are_one_leaf_with_its_own_update(x):
    parts = {"a": Normal(-2.0, 1.0), "b": Normal(2.0, 1.0), "c": Normal(2.0, 3.0)}
    model = MixtureModel(parts, tied={"mean": ["b", "c"], "std": ["b", "c"]})
    outline = model.outline()
    assert len(outline.leaves) == 2 and not outline.groups
    assert MixtureModel([Exponential(1.0), Exponential(2.0)], tied="rate").n_parameters == 2
    with pytest.warns(DegeneracyWarning, match="started equal"):
        fitted = model.fit(x).components_
    assert fitted["b"] == fitted["c"] != fitted["a"] and model.n_parameters == 4 + 2
    two = MixtureModel([Normal(-2.0, 1.0), Normal(2.0, np.sqrt(3.0))]).fit(x)
    assert model.log_likelihood_ == pytest.approx(two.log_likelihood_, abs=1e-8)


def test_start_values_of_a_shared_leaf_are_averaged_and_given_ones_known():
    parts = [Normal(mean=1.0, std=1.0), Normal(mean=3.0, std=4.0), Normal()]
    (leaf,) = MixtureModel(parts, tied=["mean", "std"]).outline().leaves.values()
    assert leaf.distribution == Normal(2.0, 2.0)
    pair = [MultivariateNormal([0.0, 0.0], np.eye(2)), MultivariateNormal([2.0, 0.0], 3 * np.eye(2))]
    (leaf,) = MixtureModel(pair, tied=["mean", "cov"]).outline().leaves.values()
    assert leaf.distribution == MultivariateNormal([1.0, 0.0], 2 * np.eye(2))


@pytest.fixture
def table(rng):
    kind = rng.integers(0, 3, 400)
    height = np.where(kind == 0, rng.normal(0, 1, 400), rng.normal(5, 1.5, 400))
    return np.column_stack([height, rng.poisson(np.array([2.0, 9.0, 25.0])[kind])])


def test_components_share_a_part_of_a_product(table):
    starts = {"a": (0.0, 2.0), "b": (5.0, 9.0), "c": (5.0, 25.0)}
    parts = {name: Product({"height": Normal(m, 1.0), "n": Poisson(r)}) for name, (m, r) in starts.items()}
    model = MixtureModel(parts, tied={"height": ["b", "c"]}).fit(table)
    a, b, c = (part.parts for part in model.components_.values())
    assert b["height"] == c["height"] != a["height"] and b["n"] != c["n"] and model.converged_
    assert model.n_parameters == 2 * 2 + 3 + 2 and climbs(model)

    def make(v):
        shares, h = np.exp([0.0, v[0], v[1]]), [0, 1, 1]
        heights = [Normal(v[2], np.exp(v[3])), Normal(v[4], np.exp(v[5]))]
        parts = [Product([heights[h[k]], Poisson(np.exp(v[6 + k]))]) for k in range(3)]
        return MixtureModel(parts, weights=shares / shares.sum())

    _, best = direct(make, [0.0, 0.0, 0.0, 0.0, 5.0, 0.5, 0.7, 2.2, 3.2], table)
    assert model.log_likelihood_ == pytest.approx(best, abs=1e-8)
    read_back = Distribution.from_json(model.to_json())
    assert read_back == model and read_back.n_parameters == model.n_parameters
    assert read_back.fit(table).log_likelihood_ == pytest.approx(model.log_likelihood_, abs=1e-8)


def test_parts_by_place_and_the_parameters_of_parts_with_missing_cells(table, rng):
    table[rng.random(table.shape) < 0.1] = np.nan
    table = table[~np.isnan(table).all(axis=1)]
    parts = [Product([Normal(0.0, 1.0), Poisson(3.0)]), Product([Normal(5.0, 1.0), Poisson(12.0)])]
    model = MixtureModel(parts, tied="column 1.std", tol=1e-18).fit(table)
    a, b = (part.parts for part in model.components_)
    assert a[0].std == b[0].std and model.n_parameters == 3 + 2 + 1 and climbs(model)
    joint = np.log(model.weights_) + np.column_stack([part.log_pdf(table) for part in model.components_])
    r = np.exp(joint - np.logaddexp.reduce(joint, axis=1)[:, None])
    seen = ~np.isnan(table[:, 0])
    own = r[seen]
    means = own.T @ table[seen, 0] / own.sum(axis=0)
    pooled = np.sqrt((own * (table[seen, :1] - means) ** 2).sum() / own.sum())
    assert_allclose([a[0].mean, b[0].mean, a[0].std], [*means, pooled], rtol=1e-8)  # a stationary point of EM


def test_mixtures_and_products_inside_may_be_shared(table):
    inside = [MixtureModel([Normal(0.0, 1.0), Normal(m, 1.0)], tied="std") for m in (4.0, 4.0)]
    parts = [Product([inside[k], Poisson(r)]) for k, r in enumerate([3.0, 15.0])]
    model = MixtureModel(parts, tied="column 1").fit(table)
    one, other = (part.parts[0] for part in model.components_)
    assert one == other and one.components[0].std == one.components[1].std
    assert model.n_parameters == 1 + 2 + (1 + 2 + 1) and climbs(model)
    deep = [Product([Product([Normal(m, 1.0)]), Poisson(m + 1.0)]) for m in (0.0, 5.0)]
    nested = MixtureModel(deep, tied="column 1.column 1.std").fit(table)
    one, other = (part.parts[0].parts[0] for part in nested.components_)
    assert one.std == other.std and one.mean != other.mean


def test_a_part_and_a_parameter_of_it_may_be_shared_by_more(table):
    parts = {
        name: Product({"h": Normal(m, 1.0), "n": Poisson(m + 2.0)}) for name, m in zip("abc", (0, 4, 6), strict=True)
    }
    model = MixtureModel(parts, tied={"h": ["a", "b"], "h.std": ["a", "b", "c"]}).fit(table)
    a, b, c = (part.parts["h"] for part in model.components_.values())
    assert a == b and a.std == c.std and a.mean != c.mean and model.n_parameters == 2 + 3 + 3
    with pytest.raises(InvalidParameterError, match="share the whole part"):
        MixtureModel(parts, tied={"h": ["a", "b"], "h.std": {"a": 1, "b": 2, "c": 3}}).fit(table)


def test_a_family_in_numpy_can_only_be_shared_as_a_whole(x):
    parts = [Laplace(-2.0, 1.0), Laplace(2.0, 1.0)]
    with pytest.raises(
        InvalidParameterError, match="Laplace in 'Laplace 1' has no compiled kernels.*tie all of loc, scale"
    ):
        MixtureModel(parts, tied="scale").fit(x)
    three = [Normal(-2.0, 1.0), Laplace(2.0, 1.0), Laplace(3.0, 1.0)]
    with pytest.warns(DegeneracyWarning, match="started equal"):
        model = MixtureModel(three, tied={name: [1, 2] for name in ("loc", "scale")}).fit(x)
    assert model.components_[1] == model.components_[2] and model.n_parameters == 6


def test_the_interpreted_loop_makes_the_same_steps(x):
    tied, steps = {"std": {0: 1, 1: 2}}, {"max_iter": 15, "tol": 0.0, "accelerate": None}
    fits = []
    for third in (Normal(0.0, 1.0), NormalWithoutKernels(0.0, 1.0)):
        with pytest.warns(ConvergenceWarning):
            fits.append(MixtureModel([Normal(-2.0, 1.0), Normal(2.0, 1.0), third], tied=tied, **steps).fit(x))
    assert_allclose(fits[1].history_, fits[0].history_, rtol=1e-12)
    assert fits[1].components_[0].std == pytest.approx(fits[0].components_[0].std, rel=1e-9)


# ---------------------------------------------------------------------------------------------- frozen, weights


def test_all_follow_a_frozen_value(x):
    parts = {"a": Normal(-1.0, 0.7).freeze("std"), "b": Normal(), "c": Normal(2.0, 7.0)}
    two = {"a": parts["a"], "b": Normal()}
    model = MixtureModel(two, tied={"std": {"a": 1, "b": 2}}, n_init=3).fit(x)
    assert [part.std for part in model.components_.values()] == [0.7, 1.4] and model.n_parameters == 2 + 1
    three = MixtureModel(parts, tied="std").outline()
    assert three.n_parameters == 3 + 2 and not three.groups  # what is frozen needs no tie
    one = MixtureModel([Normal(-1.0, 1.5).freeze("std"), Normal(1.0, 1.0)], tied="std").fit(x)
    two = MixtureModel([Normal(m, 1.5).freeze("std") for m in (-1.0, 1.0)]).fit(x)
    assert one.log_likelihood_ == two.log_likelihood_
    parts["b"] = Normal(0.0, 2.5).freeze("std")
    with pytest.raises(InvalidParameterError, match="frozen at 2.5 in 'b' but at 0.7 in 'a'"):
        MixtureModel(parts, tied={"std": ["a", "b"]}).fit(x)
    assert MixtureModel(parts, tied={"std": {"a": 7, "b": 25}}).n_parameters == 3 + 1 + 2


@pytest.mark.parametrize("tied, ratio", [("weights", (1, 1, 1)), ({"weights": {"a": 2, "c": 1}}, (2, None, 1))])
def test_weights_in_ratio(tied, ratio, rng):
    x = np.concatenate([rng.exponential(s, n) for s, n in [(1.0, 300), (20.0, 100), (400.0, 100)]])
    parts = {name: Exponential(r) for name, r in zip("abc", (1.0, 0.05, 0.0025), strict=True)}
    model = MixtureModel(parts, weights=[0.2, 0.2, 0.6], tied=tied).fit(x)
    free = len(set(ratio) - {1, 2})
    assert model.n_parameters == 3 + free and model.converged_ and climbs(model)
    w = model.weights_
    wanted = np.full(3, 1 / 3) if not free else np.array([2 * (1 - w[1]) / 3, w[1], (1 - w[1]) / 3])
    assert_allclose(w, wanted, rtol=1e-14)

    def make(v):
        b = 1 / 3 if not free else 1 / (1 + np.exp(-v[3]))
        a = 1 / 3 if not free else 2 * (1 - b) / 3
        return MixtureModel([Exponential(np.exp(u)) for u in v[:3]], weights=[a, b, 1 - a - b])

    v, best = direct(make, [0.0, -3.0, -6.0, 0.0][: 3 + free], x)
    assert model.log_likelihood_ == pytest.approx(best, abs=1e-8)
    assert_allclose([part.rate for part in model.components_.values()], np.exp(v[:3]), rtol=1e-6)


def test_a_prior_and_a_tie_give_the_maximum_of_both(x):
    prior = Prior(Normal(0.0, 2.0), count=10)
    model = MixtureModel([Normal(-1.0, 1.0), Normal(1.0, 1.0)], tied="std", prior=prior, tol=1e-18).fit(x)
    joint = np.log(model.weights_) + np.column_stack([part.log_pdf(x) for part in model.components_])
    r = np.exp(joint - np.logaddexp.reduce(joint, axis=1)[:, None])
    mass = r.sum(axis=0)
    means = r.T @ x / (mass + 10)  # ten rows of mean 0 and mean square 4 are seen beside each component's
    squares = (r * (x[:, None] - means) ** 2).sum() + (10 * (4.0 + means**2)).sum()
    std = np.sqrt(squares / (mass.sum() + 20))
    assert_allclose([part.mean for part in model.components_], means, rtol=1e-7)
    assert_allclose([part.std for part in model.components_], std, rtol=1e-7)
    assert climbs(model)


# -------------------------------------------------------------------------------------------- starts, as a value


def test_only_symmetric_ties_let_components_come_out_in_order(rng):
    x = np.concatenate([rng.normal(-4, 1, 200), rng.normal(3, 1, 300)])
    for tied, ordered in [("std", True), ({"std": {0: 2, 1: 1}}, False), ("weights", True)]:
        models = [MixtureModel([Normal()] * 2, tied=tied, n_init=6, rng=seed).fit(x) for seed in range(3)]
        assert len({round(model.log_likelihood_, 6) for model in models}) == 1
        for model in models:
            a, b = model.components_
            assert a.mean < b.mean if ordered else a.std == 2 * b.std


def test_a_tied_model_nests_copies_and_prints(x):
    sklearn = pytest.importorskip("sklearn.base")
    tied = {"std": {0: 1, 1: 2}}
    model = MixtureModel([Normal(-1.0, 1.0), Normal(1.0, 1.0)], tied=tied).fit(x)
    assert model.tied is tied and "tied={'std': {0: 1, 1: 2}}" in repr(model) and "tied" in model.summary()
    assert eval(repr(model)).get_params()["tied"] == tied
    assert sklearn.clone(model).get_params()["tied"] == tied
    copy = Distribution.from_json(model.to_json())
    assert copy == model and copy.n_parameters == model.n_parameters == 4
    outer = MixtureModel([model, Normal(30.0, 1.0).freeze()]).fit(np.append(x, [29.0, 30.0, 31.0]))
    inner = outer.components_[0]
    assert inner.components[1].std == 2 * inner.components[0].std and outer.n_parameters == 5
    again = model.set_params(tied=None).fit(x)
    assert again.n_parameters == 5 and again.log_likelihood_ > copy.log_likelihood(x)


@pytest.mark.parametrize("frozen", [["a"], ["a", "c"], True])
def test_frozen_weights_are_tied_all_or_none_and_in_ratio(frozen, x):
    parts = {name: Normal(m, 1.0) for name, m in zip("abc", (-2.0, 0.0, 2.0), strict=True)}
    tied = {"weights": {"a": 2, "b": 1}}
    with pytest.raises(InvalidParameterError, match="frozen") as refusal:
        MixtureModel(parts, weights=[0.5, 0.2, 0.3], tied=tied, freeze_weights=frozen).fit(x)
    wanted = "not in the ratio of the factors" if frozen is True else "weight of 'a' is frozen and that of 'b' is not"
    assert wanted in str(refusal.value)
    model = MixtureModel(parts, weights=[0.5, 0.25, 0.25], tied=tied, freeze_weights=["a", "b"]).fit(x)
    assert model.weights_.tolist() == [0.5, 0.25, 0.25]
    beside = MixtureModel(parts, weights=[0.5, 0.2, 0.3], tied=tied, freeze_weights=["c"]).fit(x)
    assert beside.weights_[2] == 0.3
    assert_allclose(beside.weights_[:2], [0.7 * 2 / 3, 0.7 / 3], rtol=1e-14)


# ------------------------------------------------------------------------------------------------------- errors

NORMALS = {"a": Normal(0.0, 1.0), "b": Normal(3.0, 1.0), "c": Normal(5.0, 1.0)}
MIXED = {"a": Normal(0.0, 1.0), "b": Exponential(1.0)}
PRODUCTS = {name: Product({"h": Normal(m, 1.0), "n": Poisson(3.0)}) for name, m in (("a", 0.0), ("b", 5.0))}


@pytest.mark.parametrize(
    "components, tied, message",
    [
        (NORMALS, "sd", "component 'a' has no parameter 'sd': Normal has 'mean', 'std'"),
        (MIXED, "std", "component 'b' has no parameter 'std': Exponential has 'rate'"),
        (NORMALS, {"std": ["a", "d"]}, "names 'd'; the components are 'a', 'b', 'c'"),
        (NORMALS, {"std": [0, 3]}, "names 3; the components are"),
        (NORMALS, {"std": ["a"]}, "a tie needs two components at least; got a"),
        (NORMALS, {"std": []}, "a tie needs two components at least; got none"),
        (NORMALS, {"std": [["a", "b"], ["b", "c"]]}, "component 'b' is named twice"),
        (NORMALS, {"std": ["a", 0]}, "component 'a' is named twice"),
        (NORMALS, ["std", "std"], "component 'a' is named twice"),
        (NORMALS, {"std": {"a": 1, "b": 0}}, "a factor must be a finite number other than 0; got 0"),
        (NORMALS, {"std": {"a": 1, "b": "x"}}, "a factor must be a finite number other than 0; got 'x'"),
        (NORMALS, {"std": {"a": 1, "b": -1}}, "it is a finite number > 0: factors must be > 0; got -1"),
        (NORMALS, {"std": "a"}, "must be a list of two or more, a list of such lists, or a dict of factors; got 'a'"),
        (NORMALS, {"std": [["a", "b"], "c"]}, r"a list of such lists, or a dict of factors; got \[\['a', 'b'\], 'c'\]"),
        (NORMALS, {3: ["a", "b"]}, "tied has the key 3; it must be a parameter's name"),
        (NORMALS, 3, "tied must be a parameter's name, a list of names, or a dict"),
        (NORMALS, {"weights": {"a": 1, "b": -1}}, "factors of weights must be > 0; got -1"),
        ({"a": Gamma(1, 1), "b": Weibull(1, 1)}, "shape", "belongs to a Weibull in 'b' and to a Gamma in 'a'"),
        (
            [Normal(1.0, 1.0).freeze("mean"), Normal(1.0, 2.0).freeze("mean")],
            {"mean": {0: 1, 1: -1}},
            "frozen at 1.0 in 'Normal 2' but at 1.0 in 'Normal 1', which makes it -1.0 there. Freeze one",
        ),
        ([VonMises(0, 1), VonMises(1, 1)], {"loc": {0: 1, 1: 2}}, "factors can only be 1 or -1"),
        ([MultivariateNormal(), MultivariateNormal()], "cov", "parameters are all single real numbers.*covariance"),
        ([Categorical(), Categorical()], {"prob": {0: 1, 1: 2}}, "only single numbers can be multiples"),
        (PRODUCTS, "std", "component 'a', a Product, has no 'std'; its parts are 'h', 'n'"),
        (PRODUCTS, "h.sd", "component 'a' has no parameter 'sd': Normal has 'mean', 'std'"),
        (PRODUCTS, {"h": {"a": 1, "b": 2}}, "a whole part has no multiples"),
        ([Product([Normal()]), Product([StudentT()])], "column 1", "only parts of one kind in the same columns"),
        (
            [MixtureModel([Normal(), Normal()]), Normal()],
            "std",
            "has a MixtureModel there, .*by an argument of its own",
        ),
        (
            [Product([Normal(1, 1).freeze("mean")]), Product([Normal(2, 1).freeze("mean")])],
            "column 1",
            "mean is 1.0 in 'Product 1', 2.0 in 'Product 2'",
        ),
    ],
)
def test_what_cannot_be_tied_is_refused(components, tied, message):
    with pytest.raises(InvalidParameterError, match=message):
        MixtureModel(components, tied=tied).fit(np.arange(10.0))


def test_a_tie_is_no_covariance_structure():
    parts = [MultivariateNormal([0.0, 0.0], np.eye(2)), MultivariateNormal([3.0, 0.0], np.eye(2))]
    with pytest.raises(InvalidParameterError, match="Give one of the two"):
        MixtureModel(parts, tied=["mean", "cov"], covariance="EEE").fit(np.eye(2))
    rows = np.random.default_rng(1).normal(size=(60, 2)) + 3.0 * (np.arange(60) % 3 == 0)[:, None]
    model = MixtureModel(parts, tied="weights", covariance="EEE").fit(rows)
    assert_allclose(model.weights_, 0.5)


def test_ties_in_plain_form_are_read_again():
    ties = read({"std": {"a": 1, "b": 2}, "mean": [["a", "b"], ["c", "d"]]}, list("abcd"), lambda name, _: name)
    assert read(record(ties), list("abcd"), lambda name, _: name) == ties
