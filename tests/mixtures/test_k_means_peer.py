"""scikit-learn's own tests of its KMeans, run from the installed package against ours.

Each of its test functions is collected here with its own parameters; while one runs, the name KMeans in its module
means our class. Parameters that are sparse matrices or its MiniBatchKMeans are left out.
"""

import types

import numpy as np
import pytest
import sklearn.cluster.tests.test_k_means as theirs
from sklearn.utils.fixes import CSR_CONTAINERS

from mixtures import KMeans

# About sparse data alone, which ours refuses, or about functions and classes that are not here.
NOT_OF_DENSE_DATA = ("test_dense_sparse", "test_predict_dense_sparse", "test_relocate_empty_clusters")
NOT_OF_THE_CLASS = ("test_k_means_function", "test_euclidean_distance", "test_inertia", "test_is_same_clustering")


class Adapted(KMeans):
    """A private attribute and a private method of theirs, which some of these tests look at, in terms of ours."""

    @property
    def _n_init(self):
        return self._n_starts(None if isinstance(self.init, str) or callable(self.init) else self.init)

    def _init_centroids(self, X, x_squared_norms, init, random_state, sample_weight, n_centroids):
        self.set_params(init=init, n_clusters=n_centroids)
        return self._drawn_centres(X, X, sample_weight, random_state)


Adapted.__name__ = "KMeans"


@pytest.fixture(autouse=True)
def ours_in_place_of_theirs(monkeypatch):
    monkeypatch.setattr(theirs, "KMeans", Adapted)


def is_left_out(value):
    parts = value if isinstance(value, tuple) else [value]
    return any(
        part is theirs.MiniBatchKMeans or part in CSR_CONTAINERS or hasattr(part, "toarray")
        for part in parts
        if not isinstance(part, np.ndarray)
    )


def with_ours(value):
    if isinstance(value, tuple):
        return tuple(map(with_ours, value))
    return Adapted if value is THEIR_CLASS else value


def adapted(function):
    """Return a copy of a test with our class among its parameters."""
    copy = types.FunctionType(function.__code__, vars(theirs), function.__name__, function.__defaults__)
    copy.pytestmark = []
    for mark in getattr(function, "pytestmark", []):
        if mark.name != "parametrize":
            copy.pytestmark.append(mark)
            continue
        names, values = mark.args
        ids = mark.kwargs.get("ids")
        kept = [place for place, value in enumerate(values) if not is_left_out(value)]
        ids = [ids[place] for place in kept] if isinstance(ids, list) else ids
        new = pytest.mark.parametrize(names, [with_ours(values[place]) for place in kept], ids=ids)
        copy.pytestmark.append(new.mark)
    return copy


def is_of_the_class(name, function):
    if not name.startswith("test_") or "minibatch" in name or name in (*NOT_OF_DENSE_DATA, *NOT_OF_THE_CLASS):
        return False
    values = [
        value for mark in getattr(function, "pytestmark", []) if mark.name == "parametrize" for value in mark.args[1]
    ]
    passed = any(
        THEIR_CLASS in (value if isinstance(value, tuple) else [value])
        for value in values
        if not isinstance(value, np.ndarray) and not hasattr(value, "toarray")
    )
    return "KMeans" in function.__code__.co_names or passed


THEIR_CLASS = theirs.KMeans
OF_THE_CLASS = {
    name: adapted(function)
    for name, function in vars(theirs).items()
    if callable(function) and is_of_the_class(name, function)
}
globals().update(OF_THE_CLASS)


def test_they_are_nearly_all_there_are():
    assert len(OF_THE_CLASS) >= 30
