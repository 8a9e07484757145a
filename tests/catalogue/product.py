"""Trials of products of independent columns."""

import numpy as np

from distributions import Censored, Exponential, Logistic, MultivariateNormal, Normal, Poisson, Product

from . import Trial

CORRELATED = [[2.0, 1.0], [1.0, 3.0]]

TRIALS = [
    Trial(
        Product,
        settings=[
            Product([Normal(3.0, 0.5)]),
            Product([Exponential(1e-3)]),
            Product([Normal(3.0, 0.5), Exponential(0.01), Normal(-1e3, 40.0)]),
            Product([Normal(3.0, 0.5), Poisson(4.0), MultivariateNormal([0.0, 9.0], CORRELATED)]),
            Product({"height": Normal(170.0, 8.0), ("a", "b"): MultivariateNormal([0.0, 9.0], np.eye(2))}),
            Product([Normal(3.0, 0.5).freeze("mean"), Logistic(1.0, 2.0)]),
            Product([Exponential(1e8), Normal(0.0, 1e8)]),
            Product([Censored(Exponential(0.5)), Normal(3.0, 0.5)]),
        ],
    )
]
