"""Nothing is reported to anyone: libraries that would are kept from it."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

import shelfwise.extras


def _files_after(code, home, **environment):
    """What a process with this home leaves in it."""
    # Not as this process, in which shelfwise has set it already.
    inherited = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**inherited, "HOME": str(home), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file()]


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_classifying_leaves_nothing_in_the_home(toy, tmp_path, engine):
    pytest.importorskip(engine)
    bundle, home = toy.write_toy_bundle(tmp_path / "bundle"), tmp_path / "home"
    home.mkdir()
    code = (
        "import numpy, shelfwise\n"
        f"classifier = shelfwise.load({str(bundle.path)!r}, engine={engine!r})\n"
        "classifier.classify([numpy.zeros((8, 8, 3), numpy.uint8)])\n"
    )
    assert _files_after(code, home) == []


def test_a_wish_to_report_is_left_alone(tmp_path):
    code = "import os, shelfwise; assert os.environ['ORT_DISABLE_TELEMETRY'] == '0'"
    assert _files_after(code, tmp_path, ORT_DISABLE_TELEMETRY="0") == []


def test_what_was_imported_before_is_there_again():
    pytest.importorskip("openvino_telemetry")
    before = sys.modules["openvino_telemetry"]
    shelfwise.extras.require("json", what="This test", extra="none")
    assert sys.modules["openvino_telemetry"] is before


def test_two_threads_may_need_the_same_library_at_once(tmp_path):
    pytest.importorskip("openvino")
    code = textwrap.dedent(
        """
        import sys, threading
        from shelfwise.extras import require

        sys.setswitchinterval(1e-6)
        start, failed = threading.Barrier(4), []

        def load():
            start.wait()
            try:
                assert require("openvino", what="This test", extra="openvino").Core
            except BaseException as error:
                failed.append(repr(error))

        threads = [threading.Thread(target=load) for _ in range(4)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert not failed, failed
        assert "openvino_telemetry" not in sys.modules
        """
    )
    assert _files_after(code, tmp_path) == []
