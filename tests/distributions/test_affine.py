"""Shifted and scaled distributions: thin, exact, and components of mixtures."""

import numpy as np
import pytest

from distributions import (
    Beta,
    Distribution,
    Exponential,
    InvalidDataError,
    InvalidParameterError,
    MultivariateNormal,
    Normal,
    Poisson,
    Scaled,
    Shifted,
    Truncated,
)
from mixtures import MixtureModel


def test_fits_are_those_of_the_distribution():
    x = Exponential(0.2).sample(100, rng=0)
    assert Shifted(Exponential(), by=4.0).fit(x + 4.0).distribution.rate == pytest.approx(1 / x.mean(), rel=1e-12)
    assert Scaled(Exponential(), by=4.0).fit(x * 4.0).distribution == Exponential().fit(x)


def test_wrappers_nest():
    waiting = Shifted(Truncated(Normal(0.0, 1.0), low=0.0), by=10.0)
    assert waiting.cdf(10.0) == 0.0
    assert waiting.log_pdf(11.0) == pytest.approx(np.log(2.0) + Normal(0.0, 1.0).log_pdf(1.0))
    assert waiting.freeze("std").distribution.distribution.frozen == {"std"}
    assert Distribution.from_json(waiting.to_json()) == waiting
    assert repr(waiting) == "Shifted(Truncated(Normal(mean=0.0, std=1.0), low=0.0), by=10.0)"


def test_in_a_mixture():
    truth = MixtureModel([Shifted(Exponential(1.0), by=5.0), Normal(0.0, 1.0)], weights=[0.5, 0.5])
    model = MixtureModel([Shifted(Exponential(), by=5.0), Normal()]).fit(truth.sample(2000, rng=0))
    late, early = model.components_
    assert model.converged_
    assert (late.distribution.rate, early.std) == pytest.approx((1.0, 1.0), rel=0.1)
    assert "by=5" in model.summary()


def test_errors():
    with pytest.raises(InvalidParameterError, match="by must be a finite number > 0; got -1"):
        Scaled(Beta(), by=-1)
    with pytest.raises(InvalidParameterError, match="by must be a whole number; got 0.5"):
        Shifted(Poisson(), by=0.5)
    with pytest.raises(InvalidParameterError, match="with a density.*Divide the data"):
        Scaled(Poisson(), by=2.0)
    with pytest.raises(InvalidParameterError, match="one column"):
        Shifted(MultivariateNormal(), by=1.0)
    with pytest.raises(InvalidDataError, match=r"such that x - 5 is a finite number >= 0.*first: row 1, 4\)"):
        Shifted(Exponential(), by=5.0).fit([6.0, 4.0])
