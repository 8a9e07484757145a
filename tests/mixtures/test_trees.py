"""Laws of composition: whatever a model is built of, it is the mixture that it says it is, and EM climbs.

Each law is tried on random trees; the long profile (see `profiles`) tries thousands of them, other ones each time.
"""

import pickle
import warnings

import numpy as np
import pytest
import trees
import written_out
from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis import strategies as st
from profiles import LONG, either

import mixtures
from mixtures import (
    Categorical,
    DegenerateDataError,
    Distribution,
    Gamma,
    InvalidDataError,
    InvalidParameterError,
    Laplace,
    MixtureModel,
    MultivariateNormal,
    Normal,
    Poisson,
    Product,
    Shifted,
    ZeroInflated,
)

COLLAPSED = 1e4
STEP = 1e-4  # of a parameter, in its own unit, to either side of a maximum


def examples(short, long):
    """Return settings of a law: so many trees, the same ones each time, or many."""
    return settings(
        max_examples=either(short, long),
        derandomize=not LONG,
        database=None,
        phases=[Phase.generate, Phase.shrink],  # explaining a failure takes longer than both
        deadline=None,
        print_blob=LONG,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )


def fitted(model, case, **options):
    """Return a copy of a model fitted to a case; of masses beside densities and of lost components it may warn."""
    copy = MixtureModel(**{**model.get_params(), **options})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return copy.fit(case.x, sample_weight=case.weight, labels=case.labels)


def spike(leaf):
    """Return how many times steeper than those drawn a density is: so many times are roundings of the rows worse."""
    widths, tails = ("std", "scale", "log_std"), ("size", "df")  # of large sizes it is a Poisson, of many df a normal
    sizes = [
        np.max(1.0 / np.abs(value)) if name in widths else np.max(np.abs(value))
        for name, value in leaf.parameters.items()
        if name not in tails
    ]
    if isinstance(leaf, MultivariateNormal):
        sizes.append(1.0 / np.sqrt(max(np.linalg.eigvalsh(leaf.cov)[0], 1e-300)))
    return max([1.0, *sizes])


def roughness(model):
    """Return the error of the log density of priors: of expectations over a density with a kink, which has moved.

    See `test_rows_that_stand_for_a_kink`: it is that of the mean distance of rows, in units of the scale.
    """
    leaves = [leaf for branch in model.outline().branches for leaf in branch.leaves]
    kinks = [leaf for leaf in leaves if leaf.prior and isinstance(leaf.distribution, Laplace)]
    return 5e-4 * sum(leaf.prior.count * leaf.prior.distribution.scale / leaf.distribution.scale for leaf in kinks)


def test_rows_that_stand_for_a_kink():
    rows, share = Laplace(0.0, 1.0).expected_rows()
    places = np.linspace(-8.0, 8.0, 4001)
    exact = np.abs(places) + np.exp(-np.abs(places))
    found = np.array([share @ np.abs(rows[:, 0] - place) for place in places])
    assert 1e-4 < np.abs(found - exact).max() < 5e-4


def spike_of(model):
    """Return the steepness of the steepest leaf; beyond `COLLAPSED` it is on its way to a point, or there."""
    return max(spike(leaf.distribution) for leaf in model.outline().leaves.values())


def require_climb(model, case):
    """Require a fit that rose with every update, to the log-likelihood that it says."""
    spiky = spike_of(model)
    gains = np.diff(model.history_)
    assert np.isfinite(model.history_).all()
    if (
        spiky > COLLAPSED
    ):  # collapsed: at a floor an update may fall, which ends the fit, and the judge has no digits left
        gains = gains[:-1] if "lowered" in model.converged_reason_ else gains
    else:
        slack = 1e-8 + 1e-12 * spiky * model.total_weight_
        np.testing.assert_allclose(
            model.log_likelihood_, written_out.log_likelihood(case, model), rtol=1e-9, atol=slack
        )
    slack = 1e-9 * model.total_weight_ + 1e-12 * abs(model.log_likelihood_)
    assert gains.min(initial=0.0) >= -slack, (model.history_, model.converged_reason_)
    for path, leaf in model.outline().leaves.items():
        values = [np.ravel(value) for value in leaf.distribution.parameters.values()]
        assert all(np.isfinite(value).all() for value in values), (path, leaf.distribution)
    assert model.weights_.sum() == 1.0 or abs(model.weights_.sum() - 1.0) < 1e-12
    assert model.n_parameters == written_out.n_parameters(model)


def require_frozen(model, start):
    """Require that what was frozen is what it was, to the bit."""
    kept, was = trees.frozen_values(model), trees.frozen_values(start)
    assert kept.keys() == was.keys()
    for key in was:
        np.testing.assert_array_equal(kept[key], was[key])


@examples(60, 3000)
@given(trees.cases())
def test_the_density_is_the_one_written_out_in_numpy(case):
    model, x = case.model, case.x
    np.testing.assert_allclose(model.log_pdf(x), written_out.log_density(model, x), rtol=1e-10, atol=1e-10)
    memberships = written_out.responsibilities(model, x)
    np.testing.assert_allclose(memberships.sum(axis=1), 1.0, rtol=1e-12)
    np.testing.assert_allclose(model.predict_proba(x), memberships, rtol=1e-8, atol=1e-10)


@examples(25, 2000)
@given(trees.cases())
def test_a_fit_from_known_parameters_climbs(case):
    model = fitted(case.model, case, max_iter=60)
    require_climb(model, case)
    require_frozen(model, case.model)


@examples(15, 1500)
@given(trees.cases())
def test_a_fit_from_nothing_climbs(case):
    start = trees.blank(case.model)
    model = fitted(start, case, max_iter=60, n_init=2)
    require_climb(model, case)
    require_frozen(model, start)


@examples(15, 1500)
@given(trees.cases(weight=("with zeros",)))
def test_integer_weights_are_repeated_rows_and_zero_ones_are_absent(case):
    weighted = fitted(case.model, case, max_iter=5)  # rounding grows along the way to a point without maximum
    count = case.weight.astype(int)
    labels = None if case.labels is None else np.repeat(case.labels, count, axis=0)
    repeated = fitted(
        case.model, case._replace(x=np.repeat(case.x, count, axis=0), weight=None, labels=labels), max_iter=5
    )
    if max(spike_of(weighted), spike_of(repeated)) < COLLAPSED:
        np.testing.assert_allclose(weighted.history_, repeated.history_, rtol=1e-8)
    assert weighted.total_weight_ == repeated.total_weight_
    holed = case._replace(x=np.where(count[:, np.newaxis] > 0, case.x, np.nan))
    np.testing.assert_array_equal(fitted(case.model, holed, max_iter=5).history_, weighted.history_)


@examples(40, 2000)
@given(trees.cases(trees.CLOSED_FORM))
def test_one_step_is_em_written_out_in_numpy(case):
    try:
        wanted = written_out.em_step(case)
    except DegenerateDataError:  # a leaf's own fit, to its share of the rows, has no maximum
        reject()
    model = fitted(case.model, case, max_iter=1)
    for part, value, digits in ((case.model, model.history_[0], 1e-10), (wanted, model.history_[1], 1e-9)):
        slack = 1e-8 + roughness(part)
        np.testing.assert_allclose(value, written_out.log_posterior(case, part), rtol=digits, atol=slack)
    found, expected = model.outline(), wanted.outline()
    for path, choice in expected.choices.items():
        np.testing.assert_allclose(found.choices[path].proportions, choice.proportions, rtol=1e-8, atol=1e-10)
    for path, leaf in expected.leaves.items():
        for name, value in leaf.distribution.parameters.items():
            got = found.leaves[path].distribution.parameters[name]
            np.testing.assert_allclose(got, value, rtol=1e-6, atol=1e-8, err_msg=f"{path}: {name}")
    require_frozen(model, case.model)


@examples(4, 500)
@given(trees.cases())
def test_a_converged_fit_is_stationary(case):
    model = fitted(case.model, case)
    if not model.converged_ or model.degeneracies_ or spike_of(model) > COLLAPSED:
        reject()
    weight, best = model.total_weight_, written_out.log_posterior(case, model)
    noise = 1e-9 * (weight + abs(best)) + roughness(model)
    for name, move in written_out.moves(model):
        up, down = (written_out.log_posterior(case, move(step)) - best for step in (STEP, -STEP))
        slope = (up - down) / (2.0 * STEP)
        assert max(up, down) <= noise or abs(slope) <= 1e-5 * weight + noise / STEP, (name, up, down, slope)


@examples(8, 300)
@given(trees.cases(n=(1500,), weight=("none",), labels=False))
def test_a_large_sample_is_recovered(case):
    model = fitted(case.model, case, max_iter=300)
    truth = written_out.log_posterior(case, case.model)
    assert model.log_posterior_ >= truth - 1e-9 * abs(truth) - roughness(case.model) - roughness(model)
    gain = model.log_likelihood_ - written_out.log_likelihood(case, case.model)
    free, deep = model.n_parameters, 20.0
    assert gain <= free / 2 + np.sqrt(free * deep) + deep  # chi-squared, see the law


@examples(3, 300)
@given(trees.separated_cases())
def test_components_that_lie_apart_are_found_from_nothing(case):
    model = fitted(trees.blank(case.model), case)
    truth = written_out.log_posterior(case, case.model)
    assert model.log_posterior_ >= truth - 1e-9 * abs(truth), (model.n_agreed_, model.n_starts_, model.weights_)


@examples(40, 1000)
@given(trees.trees(), st.booleans())
def test_a_tree_is_a_value(tree, known):
    tree = tree if known else trees.blank(tree)
    names = {name: getattr(mixtures, name) for name in mixtures.__all__}
    for copy in (
        pickle.loads(pickle.dumps(tree)),
        Distribution.from_json(tree.to_json()),
        eval(repr(tree), names),
        type(tree)(**tree.get_params()),
    ):
        assert copy == tree
        assert copy.unknown == tree.unknown


@examples(10, 300)
@given(trees.cases())
def test_nothing_passed_in_is_changed_by_fit_or_prediction(case):
    kept, before = case._replace(x=case.x.copy()), repr(case.model)
    for array in case[1:]:
        if array is not None:
            array.flags.writeable = False
    model = fitted(case.model, case, max_iter=5)
    again = fitted(case.model, case, max_iter=5)
    model.predict_proba(case.x), model.log_pdf(case.x)
    np.testing.assert_array_equal(case.x, kept.x)
    assert repr(case.model) == before
    assert model == again
    back = Distribution.from_json(model.to_json())
    np.testing.assert_array_equal(back.log_pdf(case.x), model.log_pdf(case.x))


# ------------------------------------------------------------------------------------------ what is no tree, or no data


def small_tree():
    """Return a mixture of two shapes of parts in the same three columns."""
    inner = MixtureModel([Product([Normal(0.0, 1.0), Poisson(2.0)]), Product([Normal(4.0, 2.0), Poisson(7.0)])])
    known = Categorical([0.2, 0.3, 0.5])
    return MixtureModel({"flat": Product([Normal(1.0, 3.0), Poisson(3.0), known]), "deep": Product([inner, known])})


ROWS = np.array([[0.5, 2.0, 1.0], [3.0, 5.0, 0.0], [-1.0, 0.0, 2.0], [5.0, 9.0, 2.0], [0.0, 1.0, 1.0]])


def with_cells(place, cells):
    """Return the rows with one of them changed."""
    rows = ROWS.copy()
    rows[place] = cells
    return rows


@pytest.mark.parametrize(
    "rows, labels, message",
    [
        (ROWS[:, :2], None, r"describes 3 columns, the data have 2 \(shape \(5, 2\)\)"),
        (np.column_stack([ROWS, ROWS]), None, "describes 3 columns, the data have 6"),
        (with_cells(3, np.nan), None, r"an observed cell in each row; 1 of 5 rows \(first: row 3, nan, nan, nan\)"),
        (
            with_cells(2, [0.0, 1.0, 7.0]),
            None,
            r"1 of 5 rows \(first: row 2, 0, 1, 7\) is outside the support of every",
        ),
        (with_cells(1, [0.0, -1.0, 1.0]), None, r"row 1, 0, -1, 1\) is outside .*deep / 1: .*column 2: a whole number"),
        (ROWS, [0, 1, 2, -1, -1], r"labels must be a component, 0 to 1 or one of 'flat', 'deep'.*first: row 2, 2\)"),
        (ROWS, ["deep", None, None, "x", None], r"one of 'flat', 'deep', .*\(first: row 3, 'x'\) is not"),
    ],
)
def test_data_that_no_tree_takes_are_refused_by_row(rows, labels, message):
    with pytest.raises(InvalidDataError, match=message):
        small_tree().fit(rows, labels=labels)


def test_a_category_that_no_fit_has_seen_has_density_zero_and_no_membership():
    parts = Product([Normal(), Poisson(), Categorical()])
    model = MixtureModel([parts, parts], max_iter=5, tol=1.0).fit(np.vstack([ROWS, ROWS + [0.1, 1.0, 0.0]]))
    unseen = with_cells(4, [0.0, 1.0, 7.0])
    assert model.log_pdf(unseen)[4] == -np.inf
    assert np.isfinite(model.log_pdf(unseen)[:4]).all()
    with pytest.raises(
        InvalidDataError, match=r"1 of 5 rows \(first: row 4, 0, 1, 7\) is of zero .*2: one of 0, 1, 2\)"
    ):
        model.predict_proba(unseen)


def test_rows_that_their_labels_exclude_are_refused():
    tree = MixtureModel(
        [Product([Normal(0.0, 2.0), Poisson(2.0)]), Product([MixtureModel([Gamma(2.0, 1.0)]), Poisson(2.0)])]
    )
    with pytest.raises(InvalidDataError, match=r"1 of 5 rows \(first: row 2, -1, 0\) is of zero .* Correct the labels"):
        tree.fit(ROWS[:, :2], labels=[0, 1, 1, -1, -1])


@pytest.mark.parametrize(
    "make, message",
    [
        (
            lambda: MixtureModel([Product([Normal()] * 2), Product([MixtureModel([Normal()]), Normal(), Normal()])]),
            "2, .*3",
        ),
        (lambda: MixtureModel([Shifted(MixtureModel([Gamma(), Gamma()]), 1.0)]), "Put the Shifted inside"),
        (lambda: MixtureModel([ZeroInflated(Product([Gamma(), Gamma()]))]), "Put the ZeroInflated inside"),
        (
            lambda: MixtureModel([Product([Normal(), MixtureModel([Normal, Normal()])])]),
            r"write Normal\(\), not Normal",
        ),
    ],
)
def test_parts_that_do_not_fit_each_other_are_named(make, message):
    with pytest.raises(InvalidParameterError, match=message):
        make().fit(ROWS[:, :2])
