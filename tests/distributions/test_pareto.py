"""The Pareto distribution at its edges; what holds for every family is in the law."""

import numpy as np
import pytest

from distributions import DegenerateDataError, InvalidDataError, Pareto
from mixtures import MixtureModel

INF, NAN = np.inf, np.nan


def test_the_support_begins_at_low():
    d = Pareto(2.0, 3.0)
    np.testing.assert_allclose(
        d.log_pdf([3.0, np.nextafter(3.0, 0), INF, NAN]), [np.log(2 / 3), -INF, -INF, NAN], rtol=1e-15
    )
    np.testing.assert_array_equal(d.ppf([0.0, 1.0, -0.1, 1.1, NAN]), [3.0, INF, NAN, NAN, NAN])
    assert d.cdf(3.0 * (1.0 + 2.0**-40)) == pytest.approx(2.0**-39, rel=1e-11)
    assert d.support.low == 0.0
    assert d.freeze("low").support.low == 3.0


def test_a_frozen_low_refuses_rows_below_it_and_stays():
    held = Pareto(low=3.0).freeze("low")
    assert held.fit([4.0, 5.0]) == Pareto(2.0 / np.log(20.0 / 9.0), 3.0).freeze("low")
    with pytest.raises(InvalidDataError, match=r">= low = 3.0; 1 of 2 rows \(first: row 1, 2\)"):
        held.fit([4.0, 2.0])


def test_rows_at_low_alone_have_no_maximum():
    with pytest.raises(DegenerateDataError, match="grows without bound in shape"):
        Pareto().fit([2.0, 2.0])
    assert Pareto(shape=1.0).freeze("shape").fit([2.0, 2.0]).low == 2.0


def test_weights_of_zero_do_not_set_low():
    assert Pareto().fit([1.0, 2.0, 3.0], [0.0, 1.0, 1.0]).low == 2.0


def test_moments_that_do_not_exist_are_infinite():
    assert (Pareto(1.0, 2.0).mean, Pareto(2.0, 2.0).var) == (INF, INF)
    assert (Pareto(3.0, 2.0).mean, Pareto(3.0, 2.0).var) == (3.0, 3.0)


def test_with_low_frozen_a_mixture_is_compiled_and_finds_both_tails():
    x = np.concatenate([Pareto(1.0, 1.0).sample(2000, rng=0), Pareto(8.0, 1.0).sample(2000, rng=1)])
    model = MixtureModel([Pareto(low=1.0).freeze("low")] * 2, rng=0).fit(x)
    assert sorted(c.shape for c in model.components_) == pytest.approx([1.0, 8.0], rel=0.2)
    assert all(c.kernels is not None for c in model.components_)
