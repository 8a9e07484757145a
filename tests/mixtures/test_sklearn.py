"""A MixtureModel in scikit-learn's tools."""

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mixtures import MixtureModel, MultivariateNormal, Normal, datasets

WAITING = datasets.load("old_faithful")["waiting"][:, np.newaxis]


def test_it_is_the_end_of_a_pipeline():
    pipeline = make_pipeline(StandardScaler(), MixtureModel([Normal(), Normal()])).fit(WAITING)
    alone = MixtureModel([Normal(), Normal()]).fit(WAITING)
    np.testing.assert_array_equal(pipeline.predict(WAITING), alone.predict(WAITING))


def test_cross_validation_chooses_the_number_of_components():
    model = MixtureModel(MultivariateNormal(), n_components=1, n_init=5)
    one = cross_val_score(model, WAITING, cv=3).mean()
    search = GridSearchCV(model, {"n_components": [1, 2]}, cv=3).fit(WAITING)
    assert search.best_params_ == {"n_components": 2}
    assert search.best_score_ > one


def test_a_clone_has_the_same_arguments_and_no_fit():
    model = MixtureModel({"a": Normal(), "b": Normal(80, 5)}, weights=[1, 2], tol=1e-9, rng=3).fit(WAITING)
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    assert not hasattr(copy, "weights_")
