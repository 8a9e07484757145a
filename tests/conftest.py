from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def _source_hash() -> str:
    digest = hashlib.sha256()
    for package in ("distributions", "mixtures"):
        for path in sorted((ROOT / package).rglob("*.py")):
            digest.update(str(path.relative_to(ROOT)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


# A cached kernel does not notice that a callee in another file changed (numba #1833), so every state of the sources
# has a cache of its own. This must precede the first import of numba.
os.environ["NUMBA_CACHE_DIR"] = str(Path(tempfile.gettempdir()) / f"general-mixtures-numba-{_source_hash()}")

import numpy as np  # noqa: E402
import pytest  # noqa: E402


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20240607)
