"""Importing stays light, and compiled code is compiled once: per machine, not per combination or process."""

import pytest
from processes import run_python

from mixtures import Exponential, MixtureModel, Normal, Poisson, em, sweep

HEAVY = ("scipy.stats", "scipy.optimize", "matplotlib", "pandas", "polars", "sklearn")


def test_import_pulls_in_nothing_heavy():
    loaded = run_python("import sys, mixtures; print(' '.join(sys.modules))").split()
    assert "mixtures" in loaded
    assert [name for name in HEAVY if name in loaded] == []


def test_import_compiles_nothing():
    code = """
import mixtures, distributions.normal as normal, mixtures.em as em
print(len(normal.log_pdf.signatures), len(em.advance.signatures))
"""
    assert run_python(code).split() == ["0", "0"]


@pytest.mark.filterwarnings("ignore::distributions.MeasureWarning", "ignore::distributions.DegeneracyWarning")
def test_a_new_combination_of_families_compiles_nothing(rng):
    x = rng.poisson(4.0, 300) + 1.0
    MixtureModel([Normal(), Exponential(), Poisson()]).fit(x)
    loops = [em.advance, em.m_step, sweep.normalise, sweep.turn]  # others are compiled as parts of these
    before = [list(loop.signatures) for loop in loops]
    assert all(len(signatures) <= 1 for signatures in before)  # 0: part of a loop that came from the cache
    assert len(em.advance.signatures) == 1
    for components in (
        [Poisson(), Normal()],
        [Exponential()] * 5,
        [Normal(), MixtureModel([Poisson(), Exponential()])],
    ):
        MixtureModel(components).fit(x)
    assert [list(loop.signatures) for loop in loops] == before


def test_a_second_process_loads_from_the_cache():
    code = """
import numpy as np
from mixtures import Exponential, MixtureModel, Normal, em
from distributions import normal, exponential
x = np.random.default_rng(0).exponential(size=500)
MixtureModel([Normal(), Exponential()]).fit(x)
kernels = [*normal.Normal.kernels[:3], *exponential.Exponential.kernels[:3]]
print(sum(sum(f.stats.cache_misses.values()) for f in [em.advance, *kernels]))
print(sum(sum(f.stats.cache_hits.values()) for f in [em.advance, *kernels]))
"""
    run_python(code)  # fills the cache
    misses, hits = run_python(code).split()
    assert int(misses) == 0
    assert int(hits) == 7
