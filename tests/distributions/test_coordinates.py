"""Coordinates of parameters: any step in them leads to a legal distribution, and no step to the same one."""

import numpy as np
import pytest
from catalogue import FAMILIES, distributions_of

from distributions import Categorical, Kernels, MultivariateNormal, Normal, Poisson, VonMises, VonMisesFisher
from distributions.coordinates import halve_step, move_along, to_coordinates
from distributions.domains import COVARIANCE, HELD, LINE, PROPORTIONS
from mixtures.acceleration import Coordinates, fill_coordinates, step_ahead


def known(family):
    """Distributions of a family with known parameters and coordinates."""
    rng = np.random.default_rng(5)
    for distribution in distributions_of(family, 3):
        if distribution.kernels is None and family.kernels is None:
            continue
        values = {
            p.name: p.domain.random(rng, distribution.n_columns or 3)
            for p in distribution.declared
            if p.name in distribution.unknown
        }
        try:
            found = distribution.with_values(**values)
        except ValueError:  # parameters that do not fit each other
            continue
        if found.kernels is not None and found.n_parameters and found.theta_domains:
            yield found


def places_of(distribution):
    d = distribution.n_columns
    units, bounds = distribution.units(np.ones(d)), distribution.bounds(np.ones(d), 1e-10)
    return Coordinates.of([distribution], [units], [bounds], [], [])


def stepped(distribution, places, size, rng):
    """Return theta after a random step of this size in all free coordinates, and whether it is legal."""
    theta = distribution.to_theta()
    u, measure, step = np.empty(theta.size), np.empty(theta.size), np.zeros(theta.size)
    fill_coordinates(places, theta, u, measure)
    for kind, begin, end in zip(places.kind, places.at[:-1], places.at[1:], strict=True):
        pinned = np.array_equal(places.lowest[begin:end], places.highest[begin:end])
        if kind != HELD and not pinned:
            step[begin:end] = size * rng.normal(size=end - begin)
        if kind == COVARIANCE:  # along steps of EM zeros stay, and what is equal
            step[begin:end][u[begin:end] == 0.0] = 0.0
            if distribution.declared[1].name == "cov" and distribution.structure == "spherical":
                step[begin : end : distribution.n_columns + 1] = size
    step[~np.isfinite(u)] = 0.0
    legal = step_ahead(places, theta, u, step)
    if distribution.kernels.complete:
        distribution.kernels.complete(theta)
    return theta, legal


CASES = [pytest.param(d, id=f"{family.__name__} {i}") for family in FAMILIES for i, d in enumerate(known(family))]


def test_almost_all_compiled_families_have_coordinates():
    without = {f.__name__ for f in FAMILIES if f.kernels is not None and not list(known(f))}
    assert without <= {"FactorNormal", "PointMass", "Uniform", "UniformBox", "DiscreteUniform"}
    assert {param.values[0].__class__ for param in CASES} >= {MultivariateNormal, Categorical, VonMises, Poisson}


@pytest.mark.parametrize("distribution", CASES)
def test_a_step_leads_to_a_legal_distribution_whose_theta_is_complete(distribution, rng):
    places = places_of(distribution)
    reached = 0
    for size in (1e-3, 0.1, 1.0, 30.0):
        theta, legal = stepped(distribution, places, size, rng)
        if not legal:  # beyond the box in which a fit looks
            continue
        reached += size < 1.0
        moved = distribution.from_theta(theta)  # which checks every domain
        np.testing.assert_allclose(moved.to_theta(), theta, rtol=1e-7, atol=1e-9 * np.abs(theta).max())
    assert reached or not np.isfinite(places.kind).all() or _is_at_an_end(distribution, places)


def _is_at_an_end(distribution, places):
    """Whether some entry stands so near its end that a step of a tenth leaves the box."""
    theta = distribution.to_theta()
    covariance = np.repeat(places.kind == COVARIANCE, np.diff(places.at))
    near = np.minimum(theta - places.lowest, places.highest - theta) <= 0.2 * np.abs(theta)
    return bool(np.any(near | covariance))


@pytest.mark.parametrize("distribution", CASES)
def test_no_step_changes_no_bit(distribution, rng):
    theta, legal = stepped(distribution, places_of(distribution), 0.0, rng)
    assert legal
    before = distribution.to_theta()
    if distribution.kernels.complete:
        distribution.kernels.complete(before)
    np.testing.assert_array_equal(theta, before)


def moved(kind, value, step, low=-np.inf, high=np.inf, period=0.0, lowest=-np.inf, highest=np.inf):
    value = np.array(value, dtype=float).ravel()
    ends = [np.full(value.size, float(e)) for e in (low, high, 1.0)]
    u, measure = np.empty(value.size), np.empty(value.size)
    to_coordinates(kind, value, *ends, u, measure)
    box = [np.full(value.size, float(e)) for e in (lowest, highest)]
    legal = move_along(
        kind, u, np.array(step, dtype=float).ravel(), value, *ends[:2], np.full(value.size, period), *box
    )
    return value, legal


@pytest.mark.parametrize(
    "low, high, value, step, expected",
    [
        (-np.inf, np.inf, 3.0, -1.5, 1.5),
        (0.0, np.inf, 3.0, np.log(2.0), 6.0),
        (1.0, np.inf, 3.0, np.log(2.0), 5.0),
        (0.0, 1.0, 0.5, np.log(3.0), 0.75),
        (-np.inf, 2.0, 1.0, np.log(2.0), 1.5),
    ],
)
def test_numbers_move_on_the_line_between_their_ends(low, high, value, step, expected):
    assert moved(LINE, [value], [step], low, high)[0] == pytest.approx([expected])


def test_an_angle_goes_round():
    value, legal = moved(LINE, [3.0], [0.5], period=2.0 * np.pi, lowest=-np.pi, highest=np.pi)
    assert legal
    assert value == pytest.approx([3.5 - 2.0 * np.pi])


def test_a_number_never_leaves_its_box_or_reaches_an_end():
    assert not moved(LINE, [1.0], [-3.0], 0.0, np.inf, lowest=0.5)[1]
    assert not moved(LINE, [1.0], [800.0], 0.0, np.inf)[1]  # overflows
    assert not moved(LINE, [1.0], [-800.0], 0.0, np.inf)[1]  # underflows to the end
    assert not moved(LINE, [0.5], [60.0], 0.0, 1.0)[1]  # rounds to the end


def test_proportions_keep_their_sum_their_zeros_and_those_without_a_step():
    value, legal = moved(PROPORTIONS, [0.2, 0.5, 0.3, 0.0], [1.0, 0.0, -1.0, 0.0])
    assert legal
    assert value[1] == 0.5
    assert value[3] == 0.0
    assert value.sum() == pytest.approx(1.0, rel=1e-15)
    assert value[0] / value[2] == pytest.approx(0.2 / 0.3 * np.exp(2.0))
    assert moved(PROPORTIONS, [0.5, 0.5], [-5000.0, 5000.0])[0].sum() == pytest.approx(1.0)


def test_a_covariance_moves_along_unit_triangle_and_logarithms(rng):
    root = rng.normal(size=(4, 6))
    cov = root @ root.T
    factor = np.linalg.cholesky(cov)
    triangle, sizes = factor / np.diag(factor), np.diag(factor) ** 2
    step = np.tril(rng.normal(0.0, 0.3, (4, 4)))
    triangle, sizes = triangle + np.tril(step, -1), sizes * np.exp(np.diag(step))
    value, legal = moved(COVARIANCE, cov, step)
    assert legal
    np.testing.assert_allclose(value.reshape(4, 4), triangle @ np.diag(sizes) @ triangle.T, rtol=1e-12)


@pytest.mark.parametrize("shrink, legal", [(2.0, True), (7.0, False)])
def test_a_covariance_stays_above_its_floor_in_every_direction(shrink, legal):
    cov = np.array([[1.0, 0.9], [0.9, 1.0]])
    step = np.diag([0.0, -shrink])  # the conditional variance, .19, shrinks below .01 or not
    assert moved(COVARIANCE, cov, step, lowest=0.01)[1] == legal


def test_derived_entries_follow_the_covariance():
    normal = MultivariateNormal([1.0, 2.0], [[2.0, 0.5], [0.5, 1.0]])
    theta = normal.to_theta()
    theta[2:6] = [4.0, 1.0, 1.0, 3.0]
    normal.kernels.complete(theta)
    np.testing.assert_allclose(theta, MultivariateNormal([1.0, 2.0], [[4.0, 1.0], [1.0, 3.0]]).to_theta(), rtol=1e-14)
    theta[2:6] = [1.0, 2.0, 2.0, 1.0]  # not positive definite
    normal.kernels.complete(theta)
    assert np.isnan(theta[-1])


def test_a_family_with_a_layout_of_its_own_has_no_coordinates_unless_it_says_so():
    class Logarithmic(Poisson):
        def to_theta(self):
            return np.log(super().to_theta())

    assert Logarithmic(2.0).theta_domains == ()
    assert [size for _, size in Normal(0.0, 1.0).theta_domains] == [1, 1, 0]
    assert [size for _, size in VonMisesFisher([1.0, 0.0, 0.0], 2.0).theta_domains] == [3, 1, 0]


def test_complete_is_optional_and_has_a_signature():
    assert Normal.kernels.complete is None
    assert Kernels(1, 2, 3).complete is None


@pytest.mark.parametrize(
    "low, high, before, after, halfway",
    [
        (-np.inf, np.inf, 1.0, 4.0, 2.5),
        (0.0, np.inf, 1.0, 4.0, 2.0),
        (2.0, np.inf, 3.0, 6.0, 4.0),
        (-np.inf, 1.0, 0.0, -3.0, -1.0),
        (0.0, 1.0, 0.5, 16.0 / 17.0, 0.8),
        (0.0, 1.0, 0.5, 1.0, 0.75),  # no logarithm at an end: a straight line
        (0.0, 1.0, 0.3, 0.3, 0.3),
    ],
)
def test_a_step_is_halved_on_the_line_that_its_domain_asks_for(low, high, before, after, halfway):
    theta = np.array([after])
    halve_step(theta, np.array([before]), np.array([low]), np.array([high]))
    assert theta[0] == pytest.approx(halfway, rel=1e-14)
