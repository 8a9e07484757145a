"""Components of the best run change places: which one goes, where to, and that it pays."""

import numpy as np
import pytest
from engines import layout_of

from mixtures import MixtureModel, Normal, initialization
from mixtures.layout import Parameters
from mixtures.observed import as_labels, observed
from mixtures.partitions import standardised
from mixtures.reseeding import reseeded

TWINS_AND_ONE = [Normal(0.0, 1.0), Normal(0.1, 1.0), Normal(30.0, 10.0)]  # on three clusters at 0, 20 and 40


@pytest.fixture
def clusters(rng):
    return np.concatenate([rng.normal(m, 1.0, 100) for m in (0.0, 20.0, 40.0)])


def moved(components, x, rng, labels=None):
    data = observed(x[:, np.newaxis], np.ones(len(x)), labels)
    layout = layout_of(components, 1)
    parameters = Parameters(components, [np.full(len(components), 1.0 / len(components))])
    return reseeded(layout, parameters, data, standardised(data), rng)


def test_the_component_that_is_needed_least_moves_and_the_others_take_its_rows(clusters, rng):
    finds = 0
    for _ in range(40):
        members = moved(TWINS_AND_ONE, clusters, rng)
        assert members.shape == (3, 300)
        assert ((members >= 0.0) & (members <= 1.0)).all()
        assert (members.sum(axis=0) > 1.0 - 1e-12).all()  # nobody's row is left alone
        assert members.any(axis=1).all()
        inside = members @ np.repeat(np.eye(3), 100, axis=0)  # of each component, in each cluster
        finds += len(np.unique(np.argmax(inside, axis=1))) == 3
    assert finds > 10  # each cluster has a component of its own


def test_rows_of_known_components_stay_there(clusters, rng):
    labels = as_labels(np.repeat([0, 0, 2], 100), 300, ["a", "b", "c"])
    for _ in range(10):
        members = moved(TWINS_AND_ONE, clusters, rng, labels)
        assert not members[1:, :200].any()
        assert not members[:2, 200:].any()


def test_moves_find_better_optima(monkeypatch):
    rng = np.random.default_rng(3)
    means = np.cumsum(rng.uniform(2.5, 5.0, 9))
    x = np.concatenate([rng.normal(mean, rng.uniform(0.6, 1.3), 60) for mean in means])
    with_moves = [MixtureModel([Normal()] * 9, n_init=10, rng=seed).fit(x) for seed in range(3)]
    monkeypatch.setattr(initialization, "MOST_TURNS", 0)
    without = [MixtureModel([Normal()] * 9, n_init=10, rng=seed).fit(x) for seed in range(3)]
    gains = [one.log_likelihood_ - other.log_likelihood_ for one, other in zip(with_moves, without, strict=True)]
    assert min(gains) > -1e-5
    assert max(gains) > 1.0
    assert all(model.n_starts_ == 10 for model in with_moves)
    best = with_moves[int(np.argmax(gains))]
    assert best.n_agreed_ == 1
    assert best.n_reseeds_ > 0
    assert best.degeneracies_ == []  # and no warning, or this test would fail
    assert all(model.n_reseeds_ == 0 for model in without)
    assert MixtureModel.from_json(best.to_json()).n_reseeds_ == best.n_reseeds_
