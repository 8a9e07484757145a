"""How often default settings reach the best known optimum.

    PYTHONPATH=.:tests python -m battery.defaults [--seeds 20] [--keep] [name ...]

A pair of problem and seed counts where the log-likelihood of the fit is within `TOLERANCE` per unit of weight of the
best known sane one (`optima.json`, `sane.py`). A fit above it counts too if it is sane itself; then the entry is not
the best, which is said, and with ``--keep`` the better one takes its place: none of the random starts of `search` has
reached it.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from typing import Any, NamedTuple

from .problems import PROBLEMS, SAME_AS
from .sane import is_sane
from .search import OPTIMA, TOLERANCE

KNOWN: dict[str, dict[str, Any]] = json.loads(OPTIMA.read_text())


class Outcome(NamedTuple):
    """What default settings made of a problem with one seed."""

    reached: bool
    short: float  # log-likelihood missing to the best known
    sane: bool
    seconds: float


def best_known(name: str) -> float:
    """Return the log-likelihood to be reached."""
    return KNOWN[SAME_AS.get(name, name)]["log_likelihood"]


def solvable() -> list[str]:
    """Return the names of the problems that have a sane optimum."""
    return [name for name in PROBLEMS if KNOWN.get(SAME_AS.get(name, name), {}).get("log_likelihood") is not None]


def outcome(name: str, seed: int, **settings: Any) -> Outcome:
    """Fit a problem with default settings."""
    problem, began = PROBLEMS[name](), time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = problem.fit(rng=seed, **settings)
    spent = time.process_time() - began
    short, sane = best_known(name) - model.log_likelihood_, is_sane(model)
    return Outcome(bool(sane and short <= TOLERANCE * model.total_weight_), short, sane, spent)


def _keep(name: str, gain: float) -> None:
    known = json.loads(OPTIMA.read_text())
    known[name].update(log_likelihood=known[name]["log_likelihood"] + gain, reached=0)
    OPTIMA.write_text(json.dumps(known, indent=1) + "\n")


def main() -> None:
    """Print a line for each problem, and the share of pairs that reached the optimum."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--keep", action="store_true")
    given = parser.parse_args()
    reached, pairs = 0, 0
    for name in given.names or solvable():
        found = [outcome(name, seed) for seed in range(given.seeds)]
        hits = sum(each.reached for each in found)
        reached, pairs = reached + hits, pairs + len(found)
        longest, best = max(each.short for each in found), min([each.short for each in found if each.sane], default=0.0)
        note = "better than known" if best < -TOLERANCE * 1e3 else ""
        if note and given.keep:
            _keep(SAME_AS.get(name, name), -best)
        seconds = sum(each.seconds for each in found) / len(found)
        insane = sum(not each.sane for each in found)
        print(
            f"{name:32s} {hits:3d}/{len(found)}  short {longest:10.3g}  spurious {insane}  {seconds:6.2f} s {note}",
            flush=True,
        )
    print(f"{reached} of {pairs} pairs reached the best known optimum: {100.0 * reached / pairs:.1f} %")


if __name__ == "__main__":
    main()
