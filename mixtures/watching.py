"""Who looks on while a model is fitted: a user's callback, and a line of progress."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from distributions.errors import InvalidParameterError

from . import em
from .step import Step

if TYPE_CHECKING:
    from .fitting import Fit

BETWEEN = 0.1  # seconds between two looks of the line


class Watch:
    """The onlookers of one fit.

    Parameters
    ----------
    callback, verbose
        As given to `MixtureModel`, not yet checked.

    Raises
    ------
    InvalidParameterError
        If there is nothing to call.
    """

    def __init__(self, callback: Callable[[Step], Any] | None = None, verbose: bool = False) -> None:
        if callback is not None and not callable(callback):
            raise InvalidParameterError(
                "MixtureModel: callback must be a function of a Step, which may return True to stop, or None; "
                f"got {callback!r}"
            )
        if verbose not in (True, False):
            raise InvalidParameterError(f"MixtureModel: verbose must be True or False; got {verbose!r}")
        self.callback, self.line = callback, Line() if verbose else None

    def start(self, kind: str, number: int, total: int) -> None:
        """See that one of so many starts, of the first kind or those that go on, is tried."""
        if self.line is not None:
            self.line.show(f"{kind} {number} of {total}")

    def climb(self, fit: Fit) -> None:
        """See a moment of the climb."""
        if self.line is not None:
            history = fit.engine.history
            gain = f", gain {history[-1] - history[-2]:.2g}" if len(history) > 1 else ""
            self.line.show(f"iteration {len(history) - 1}: {fit.objective_name} {history[-1]:.10g}{gain}")

    def stops(self, fit: Fit) -> bool:
        """Show the callback where the climb is; return whether it has seen enough."""
        return self.callback is not None and fit.status != em.FELL and bool(self.callback(Step(fit)))

    def end(self, fit: Fit) -> None:
        """See the end."""
        if self.line is not None:
            n_iter, reason = len(fit.engine.history) - 1, em.REASONS[fit.status]
            self.line.end(f"{n_iter} iterations, {reason}: {fit.objective_name} {fit.objective:.10g}")


class Line:
    """One line that is written over and over, in a terminal or a notebook; silent where output goes elsewhere."""

    def __init__(self) -> None:
        self.stream = _display()
        self.began = self.last = time.monotonic()
        self.width = 0

    def show(self, text: str) -> None:
        """Write a text over the last one, unless that has only just been written."""
        now = time.monotonic()
        if now - self.last >= BETWEEN:
            self.last = now
            self._write(f"[{now - self.began:.0f} s] {text}")

    def end(self, text: str) -> None:
        """Write the last text, which stays."""
        self._write(f"[{time.monotonic() - self.began:.1f} s] {text}")
        if self.stream is not None:
            self.stream.write("\n")
            self.stream.flush()

    def _write(self, text: str) -> None:
        if self.stream is None:
            return
        text = text[: shutil.get_terminal_size().columns - 1]  # a longer one would make a new line each time
        self.stream.write("\r" + text.ljust(self.width))
        self.stream.flush()
        self.width = len(text)


def _display() -> Any:
    """Return where a line can be written over: the terminal, or the output of a notebook's cell; else None."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if type(shell).__name__ == "ZMQInteractiveShell":
        return sys.stdout
    return sys.stderr if sys.stderr is not None and sys.stderr.isatty() else None


def kept(error: KeyboardInterrupt, name: str) -> KeyboardInterrupt:
    """Return the interruption of a fit with a note of what is left of it."""
    error.add_note(
        f"{name} keeps the best parameters that it had found so far: the model is fitted, and its converged_reason_ "
        f"is {em.REASONS[em.INTERRUPTED]!r}."
    )
    return error
