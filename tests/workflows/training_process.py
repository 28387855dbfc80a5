"""``shelfwise train`` in a process of its own that need not import everything first.

To import what a training needs takes three times as long as to learn a few photos. These processes are forked from
one that has imported it and has trained nothing; limits, signals and kills are as with any other process.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import resource
import runpy
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from multiprocessing import forkserver
from pathlib import Path

import pytest

WARM = "tests.workflows.training_imports"
"""The module that the process to fork from imports."""


class TrainingProcess:
    """A running ``shelfwise train``."""

    def __init__(
        self,
        arguments: list[str],
        output: Path,
        environment: Mapping[str, str],
        largest_file: int | None = None,
        *,
        shallow: bool = False,
    ) -> None:
        """Start it.

        Args:
            arguments: what follows ``shelfwise train``.
            output: the file that what it says is added to.
            environment: variables to set.
            largest_file: bytes that no file may grow over, as on a disk that is nearly full.
            shallow: networks are as in a block of :func:`shallow_networks`.
        """
        self.output = output
        self._start = output.stat().st_size if output.exists() else 0
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([WARM])
        self._process = context.Process(
            target=_run, args=(arguments, output, dict(environment), largest_file, shallow)
        )
        self._process.start()

    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.is_alive()

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process.pid is not None
        os.kill(self._process.pid, number)

    def finish(self) -> tuple[int, str]:
        """Wait for its end; exit code, negative after a signal, and output."""
        self._process.join()
        code = self._process.exitcode
        assert code is not None
        return code, self.output.read_bytes()[self._start :].decode()


@contextmanager
def shallow_networks() -> Iterator[None]:
    """A block in which an EfficientNet-Lite has the first block of each stage alone, pretrained as in the whole.

    All kinds of blocks are there, and its export takes a third as long.
    """
    from shelfwise.models import efficientnet_lite, lite_weights

    whole = lite_weights.imagenet_state
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(efficientnet_lite, "stage_repeats", lambda _: [1] * len(efficientnet_lite.STAGES))
        patch.setattr(
            lite_weights,
            "imagenet_state",
            lambda variant: {
                name: value
                for name, value in whole(variant).items()
                if not re.match(r"blocks\.\d+\.[1-9]", name)
            },
        )
        yield


def start_the_process_to_fork_from(root: Path) -> None:
    """Start what all are forked from, in the environment that they are to have."""
    multiprocessing.get_context("forkserver").set_forkserver_preload([WARM])
    before = dict(os.environ)
    try:
        paths = [str(root), *sys.path]
        os.environ |= {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(path for path in paths if path)}
        forkserver.ensure_running()
    finally:
        os.environ.clear()
        os.environ.update(before)


def _run(
    arguments: list[str],
    output: Path,
    environment: dict[str, str],
    largest_file: int | None,
    shallow: bool,
) -> None:
    """What ``python -m shelfwise train`` does."""
    os.environ.update(environment)
    with output.open("ab") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    if largest_file is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    sys.argv = ["shelfwise", "train", *arguments]
    with ExitStack() as stack:
        if shallow:
            stack.enter_context(shallow_networks())
        runpy.run_module("shelfwise", run_name="__main__", alter_sys=True)
