"""Fixtures, and a cache of compiled code that belongs to exactly these sources."""

import hashlib
import os
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def _source_hash():
    digest = hashlib.sha256()
    for package in ("distributions", "mixtures"):
        for path in sorted((ROOT / package).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


# numba's own cache does not notice a change in a callee of another file, so every state of the sources has its own.
os.environ["NUMBA_CACHE_DIR"] = str(Path(tempfile.gettempdir()) / f"general-mixtures-{_source_hash()}")

# Matrices of tests are small, and each core has a process: threads of BLAS would wait for each other, busily.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np  # noqa: E402
import pytest  # noqa: E402

collect_ignore = ["reference/make_peers.py"]  # needs the peers themselves


@pytest.fixture
def rng():
    """A generator with a fixed seed."""
    return np.random.default_rng(20260101)


@pytest.fixture
def global_dtype():
    """The precision of the default run of scikit-learn's own tests, which some of ours collect."""
    return np.float64


@pytest.fixture
def global_random_seed():
    """The seed of that run."""
    return 42
