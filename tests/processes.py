"""Code in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def run_python(code, **environment):
    """Run code in a fresh interpreter with the same caches; return what it prints."""
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env={**os.environ, **environment},
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    ).stdout
