"""Default settings reach the best known optima: of some small problems here, of all by `battery.defaults`.

In the long profile of the tests (`profiles`) all are tried with three seeds, and 95 % of the pairs must reach them.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from profiles import LONG

from battery.defaults import KNOWN, best_known, outcome, solvable
from battery.peers import KEPT, PEERS, posed, table
from battery.problems import PROBLEMS, SAME_AS

README = Path(__file__).resolve().parents[2] / "README.md"

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


def test_the_table_of_other_packages_is_the_one_that_was_measured():
    result = json.loads(KEPT.read_text())
    assert table(result) in README.read_text(encoding="utf-8")
    assert list(result["peers"]) == list(PEERS)
    fits = [each["fits"] for each in result["peers"].values()]
    assert fits[:3] == [len(posed()) * result["seeds"]] * 3
    assert result["peers"]["general-mixtures"]["near"] >= 0.95 * fits[0]


@pytest.mark.parametrize("peer", ["general-mixtures", "scikit-learn", "scikit-learn, n_init=10"])
def test_an_easy_problem_is_one_for_all(peer):
    assert abs(PEERS[peer](PROBLEMS["eruptions_2"](), 0) - best_known("eruptions_2")) < 1.0


@pytest.mark.skipif(not LONG, reason="TESTS=long asks for it: some minutes")
def test_nearly_all_pairs_of_problem_and_seed_reach_it():
    reached = [outcome(name, seed).reached for name in solvable() for seed in range(3)]
    assert np.mean(reached) >= 0.95
