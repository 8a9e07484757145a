"""Two profiles of the tests: short, which every run is, and long, for ``TESTS=long`` in the environment.

The short one does the same each time, and enough of it to find what is broken. The long one tries more seeds, data sets
and examples, drawn ones anew each day::

    TESTS=long python -m pytest -n 0 tests/mixtures/test_trees.py
"""

import datetime
import os

LONG = os.environ.get("TESTS") == "long"
# Where seeds begin: all workers of a run must agree on them, and a test's name has to say them.
FIRST_SEED = 1000 * datetime.datetime.now(datetime.UTC).date().toordinal() if LONG else 0


def either(short, long):
    """Return what belongs to the profile of this run."""
    return long if LONG else short
