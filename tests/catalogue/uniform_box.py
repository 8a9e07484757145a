"""Trials of the uniform distribution on a box."""

import mpmath
import numpy as np
import scipy.stats

from distributions import UniformBox

from . import Trial

TURNED = [[0.8, -0.6], [0.6, 0.8]]
IN_SPACE = np.linalg.qr(np.random.default_rng(4).normal(size=(3, 3)))[0]
MOVED = {"offset_moves_only_the_location": "ends along axes of its own move by the offset along these axes"}

SETTINGS = [
    UniformBox([2.0], [7.0]),
    UniformBox([0.0, 0.0], [1.0, 1.0]),
    UniformBox([-3e-8, 1e8, 4.0], [5e-8, 3e8, 6.0]),
    UniformBox([-2.0, 1.0], [9.0, 4.0]).freeze(),
    UniformBox([-2.0, 1.0], [9.0, 4.0]).freeze("low"),
    UniformBox([-2.0, 1.0], [9.0, 4.0]).freeze("high"),
]
TURNED_SETTINGS = [
    UniformBox([2.0, -1.0], [7.0, 3.0], TURNED),
    UniformBox([2.0, -1.0], [7.0, 3.0], TURNED).freeze(),
    UniformBox([2.0, -1.0], [7.0, 3.0], TURNED).freeze("low"),
    UniformBox([-2e8, 1e8, 3e8], [5e8, 3e8, 6e8], IN_SPACE),
]


def log_density(d, x):
    """Of one row inside, in mpmath."""
    return -mpmath.fsum(mpmath.log(mpmath.mpf(b) - mpmath.mpf(a)) for a, b in zip(d.low, d.high, strict=True))


TRIALS = [
    Trial(
        UniformBox,
        settings=[*SETTINGS, *TURNED_SETTINGS],
        extremes=[UniformBox([1e6, 0.0], [1e6 + 1.0, 1e-12])],
        twin=lambda d: scipy.stats.uniform(d.low[0], d.high[0] - d.low[0]) if d.n_columns == 1 else None,
        log_density=log_density,
        no_law={repr(setting): MOVED for setting in TURNED_SETTINGS},
    )
]
