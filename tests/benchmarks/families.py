"""Time of each family's log density and fit against the same family in SciPy: same data, one process, one thread.

Run ``python tests/benchmarks/families.py [FAMILY ...]``; it prints a table. Runs of both sides alternate, and a ratio
is the median of the ratios of neighbours. Where SciPy would take long, both sides get fewer values: the table says how
many. SciPy fits what our family fits: a location or scale that ours has not is held. What SciPy's fit takes as it is
called by default, for all of its parameters, is a line of its own. The log densities must agree, and SciPy's fit must
not be more likely than ours; otherwise the row is an error, and so is the exit status.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import scipy.stats
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from catalogue import FAMILIES, TRIALS  # noqa: E402

from distributions import Distribution  # noqa: E402
from distributions.law.case import Case  # noqa: E402

VALUES = 1_000_000
FEW = 2_000  # values on which SciPy's time is foretold
PAIRS = 5
PATIENCE = {"log_pdf": 2.0, "fit": 4.0}  # seconds that SciPy may take at once
AGREE = 1e-8


def case_of(family: type[Distribution]) -> Case:
    """Return everyday parameters: random ones, or the first setting of a family that needs arguments."""
    trial = TRIALS[family]
    try:
        return Case(family(), 1, trial.twin)
    except TypeError:
        return Case(trial.settings[0], 1, trial.twin)


def seconds(call: Callable[[], Any]) -> float:
    """Return how long one call takes."""
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def compare(ours: Callable[[Any], Any], theirs: Callable[[Any], Any], x: np.ndarray, patience: float) -> tuple:
    """Return the number of values, medians of both times in seconds, and the median of the ratios."""
    ours(x[:FEW]), theirs(x[:FEW])  # compiled and loaded
    per_value = seconds(lambda: theirs(x[:FEW])) / FEW
    n = len(x)
    while n > FEW and n * per_value > patience:
        n //= 10
    part = x[:n]
    pairs = np.array([(seconds(lambda: ours(part)), seconds(lambda: theirs(part))) for _ in range(PAIRS)])
    return n, *np.median(pairs, axis=0), float(np.median(pairs[:, 1] / pairs[:, 0]))


def held(case: Case, name: str) -> dict[str, float]:
    """Return what SciPy's fit must hold so that it has our parameters only."""
    surplus = getattr(scipy.stats, name).numargs + 2 - len(case.declared)
    # A family whose location has another name, such as Normal's mean, has no surplus.
    fixed = {"floc": 0.0} if surplus and "loc" not in case.distribution.parameters else {}
    return fixed | {"fscale": 1.0} if surplus > len(fixed) else fixed


def row(what: str, n: int, ours: float, theirs: float, ratio: float, remark: str = "") -> str:
    """Return one line of the table."""
    return f"{what:36}{n:>10,}{1e3 * ours:>12.3f}{1e3 * theirs:>12.2f}{ratio:>9.1f}  {remark}".rstrip()


def log_pdf_row(case: Case, x: np.ndarray) -> tuple[str, bool]:
    """Return the line about log densities, and whether they agree."""
    discrete = case.distribution.support.discrete and hasattr(case.twin, "logpmf") or not hasattr(case.twin, "logpdf")
    theirs = case.twin.logpmf if discrete else case.twin.logpdf
    got, wanted = case.distribution.log_pdf(x[:FEW]), np.reshape(theirs(x[:FEW]), FEW)
    agree = bool(np.allclose(got, wanted, rtol=AGREE, atol=AGREE))
    measured = compare(case.distribution.log_pdf, theirs, x, PATIENCE["log_pdf"])
    return row(f"{type(case.distribution).__name__} log_pdf", *measured, "" if agree else "DISAGREES"), agree


def default_fit_row(case: Case, x: np.ndarray, name: str) -> str:
    """Return the line about the fit that SciPy makes of its own accord, with a location and a scale."""
    measured = compare(case.fit, getattr(scipy.stats, name).fit, x, PATIENCE["fit"])
    return row(f"{type(case.distribution).__name__} fit", *measured, "SciPy has more parameters")


def fit_row(case: Case, x: np.ndarray, name: str) -> tuple[str, bool]:
    """Return the line about fits, and whether ours is at least as likely as SciPy's."""
    peer, fixed = getattr(scipy.stats, name), held(case, name)
    theirs = peer.fit(x[:FEW], **fixed)
    reached = case.fit(x[:FEW]).log_likelihood(x[:FEW])
    by_scipy = float(np.sum(peer.logpdf(x[:FEW], *theirs)))
    best = not by_scipy > reached + AGREE * (1.0 + abs(reached))
    measured = compare(case.fit, lambda part: peer.fit(part, **fixed), x, PATIENCE["fit"])
    remark = f"SciPy ends {reached - by_scipy:.2g} below" if reached - by_scipy > 1e-3 else ""
    return row(f"{type(case.distribution).__name__} fit", *measured, remark if best else "SCIPY IS BETTER"), best


def main(names: list[str]) -> int:
    """Print the table; return the exit status."""
    print(f"{'':36}{'values':>10}{'ours':>12}{'SciPy':>12}{'ratio':>9}   (ms, medians of {PAIRS} alternating runs)")
    good = True
    for family in FAMILIES:
        trial = TRIALS.get(family)
        if trial is None or trial.twin is None or (names and family.__name__ not in names):
            continue
        case = case_of(family)
        if case.twin is None:
            continue
        x = case.draw(VALUES, "benchmark")
        lines = [log_pdf_row(case, x)]
        if trial.scipy_name is not None and case.one_column:
            lines.append(fit_row(case, x, trial.scipy_name))
            if held(case, trial.scipy_name):
                lines.append((default_fit_row(case, x, trial.scipy_name), True))
        for line, agree in lines:
            print(line, flush=True)
            good &= agree
    return 0 if good else 1


if __name__ == "__main__":
    with threadpool_limits(1), np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sys.exit(main(sys.argv[1:]))
