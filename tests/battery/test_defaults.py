"""Default settings reach the best known optima: of some small problems here, of all by `battery.defaults`.

In the long profile of the tests (`profiles`) all are tried with three seeds, and 95 % of the pairs must reach them.
"""

import numpy as np
import pytest
from profiles import LONG

from battery.defaults import KNOWN, best_known, outcome, solvable
from battery.problems import PROBLEMS, SAME_AS

QUICK = [
    "eruptions_2",
    "galaxies_4",
    "galaxies_tied_6",
    "iris_full_3",
    "wine_tied_3",
    "plane_crossed_2",
    "tiny_unit",
    "three_exponential_gamma_normal",
    "poissons_4",
    "angles_3",
    "nested",
]


@pytest.mark.parametrize("name", QUICK)
def test_the_best_known_optimum_is_reached(name):
    found = outcome(name, seed=0)
    assert found.sane
    assert found.reached, f"short by {found.short}"


def test_every_problem_has_an_optimum():
    assert len(PROBLEMS) >= 40
    assert set(KNOWN) == set(PROBLEMS) - set(SAME_AS)
    assert len(solvable()) == len(PROBLEMS)
    assert np.isfinite([best_known(name) for name in PROBLEMS]).all()


@pytest.mark.skipif(not LONG, reason="TESTS=long asks for it: some minutes")
def test_nearly_all_pairs_of_problem_and_seed_reach_it():
    reached = [outcome(name, seed).reached for name in solvable() for seed in range(3)]
    assert np.mean(reached) >= 0.95
