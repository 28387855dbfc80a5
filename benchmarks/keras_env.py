"""The environment of the Keras side: TensorFlow does not belong among our own packages."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from benchmarks.measure import ROOT
from benchmarks.result import BenchmarkError

__all__ = ["keras_python"]

_REQUIREMENTS = Path(__file__).with_name("requirements-keras.txt")


def keras_python(folder: Path = ROOT / ".venv-keras") -> Path:
    """The Python of an environment that holds TensorFlow; made on first use and after a change of its list.

    Raises:
        BenchmarkError: the packages cannot be installed.
    """
    python, stamp = folder / "bin" / "python", folder / ".installed"
    wanted = hashlib.sha256(_REQUIREMENTS.read_bytes()).hexdigest()
    if python.exists() and stamp.exists() and stamp.read_text("utf-8") == wanted:
        return python
    print(f"installing {', '.join(_REQUIREMENTS.read_text('utf-8').split())} in {folder.name} …", flush=True)
    install = [str(python), "-m", "pip", "install", "--quiet", "--no-cache-dir", "-r", str(_REQUIREMENTS)]
    for command in ([sys.executable, "-m", "venv", str(folder)], install):
        if subprocess.run(command, check=False).returncode != 0:
            raise BenchmarkError(f"cannot install TensorFlow: {' '.join(command)} failed (see above)")
    stamp.write_text(wanted, "utf-8")
    return python
