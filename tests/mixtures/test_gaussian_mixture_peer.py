"""scikit-learn's own tests of its GaussianMixture, run from the installed package against ours.

Each of its test functions is collected here as it is, with its own parameters; while one runs, the name
GaussianMixture in its module means our class.
"""

import math

import pytest
import sklearn.mixture.tests.test_gaussian_mixture as theirs
from sklearn.base import clone
from sklearn.mixture.tests import test_mixture as theirs_of_both

from mixtures import GaussianMixture, gaussian_parameters, gaussian_start

REASONS = {
    "test_gaussian_mixture_all_init_does_not_estimate_gaussian_parameters": (
        "it counts the calls of a private function of scikit-learn, which nothing here calls: updates are compiled"
    ),
    "test_gaussian_mixture_setting_best_params": (
        "a component collapses onto one row while reg_covar is 0: theirs goes on with a variance of 4e-16 that is "
        "rounding error, here it is 0 and the error says so"
    ),
}


# About arrays of other libraries (array API), which ours does not take: skipped by their own default run as well.
OF_OTHER_ARRAYS = (
    "test_gaussian_mixture_array_api_compliance",
    "test_gaussian_mixture_raises_where_array_api_not_implemented",
)


class Adapted(GaussianMixture):
    """Two private methods of theirs, by which some of these tests set parameters, in terms of ours."""

    def _set_parameters(self, values):
        self.weights_, self.means_, self.covariances_, self.precisions_cholesky_ = values
        self.precisions_ = gaussian_parameters.precisions_of(self.covariance_type, self.precisions_cholesky_)

    def _initialize(self, X, responsibilities):
        start = clone(self).set_params(n_components=responsibilities.shape[1], max_iter=0)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(gaussian_start, "responsibilities", lambda *drawn: responsibilities)
            start.fit(X)
        self.precisions_cholesky_ = start.precisions_cholesky_


@pytest.fixture(autouse=True)
def ours_in_place_of_theirs(monkeypatch):
    monkeypatch.setattr(theirs, "GaussianMixture", Adapted)


# Others are about private functions of theirs.
OF_THE_CLASS = {
    name: function
    for name, function in vars(theirs).items()
    if name.startswith("test_") and name not in OF_OTHER_ARRAYS and "GaussianMixture" in function.__code__.co_names
}
for name, function in OF_THE_CLASS.items():
    fails = name in REASONS
    globals()[name] = pytest.mark.xfail(reason=REASONS[name], strict=True)(function) if fails else function


@pytest.mark.filterwarnings("ignore:.*did not converge")
def test_n_iter_is_the_number_of_iterations():
    theirs_of_both.test_gaussian_mixture_n_iter(GaussianMixture())


def test_more_components_than_rows_are_refused():
    theirs_of_both.test_mixture_n_components_greater_than_n_samples_error(GaussianMixture())


def test_few_of_theirs_fail():
    cases = {
        name: math.prod(len(mark.args[1]) for mark in getattr(function, "pytestmark", []) if mark.name == "parametrize")
        for name, function in OF_THE_CLASS.items()
    }
    failing = sum(cases[name] for name in REASONS)
    assert failing == 2
    assert failing / sum(cases.values()) <= 0.05
