"""NNCF's way to int8, on narrow transformers."""

import hashlib
import logging
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import onnx
import pytest
import rich
import torch

import shelfwise
from shelfwise.errors import ConfigError, MissingExtraError, ModelError
from shelfwise.images.preprocess import Preprocessing
from shelfwise.inference.engines import open_session
from shelfwise.models.dinov2 import DINOv2
from shelfwise.models.export import export_onnx
from shelfwise.models.merge import Member, merge_onnx
from shelfwise.models.quantise import quantise

pytestmark = pytest.mark.usefixtures("quick_exports")

SIZE, DEPTH = 56, 1
PRODUCTS = 6
"""Products with weights in a block: query, key, value, what attention gives, and two of the perceptron."""


def made(*, outlier=1.0, seed=0):
    """A transformer in which one channel that enters each product is ``outlier`` times what it would be."""
    torch.manual_seed(seed)
    network = DINOv2(5, depth=DEPTH, width=64, heads=2)
    with torch.no_grad():
        torch.nn.init.normal_(network.head.dense.weight, std=0.3)
        for name, weight in network.named_parameters():
            if name.endswith(("norm1.weight", "norm2.weight")):
                weight[7] *= outlier
            if name.endswith(("qkv.weight", "fc1.weight")):
                weight[:, 7] /= outlier
            if name.endswith("gamma"):
                weight.fill_(1.0)  # at first a block hardly matters
    return export_onnx(network.eval(), Preprocessing(SIZE, mean=(0.5,) * 3, std=(0.3,) * 3))


@pytest.fixture(scope="module")
def plain(quickly):
    with quickly(plots=True):
        return made()


@pytest.fixture(scope="module")
def images():
    """Smooth colours, as photos have."""
    random = np.random.default_rng(0)
    small = torch.from_numpy(random.integers(0, 256, (6, 3, 4, 4)).astype(np.float32))
    large = torch.nn.functional.interpolate(small, (SIZE, SIZE), mode="bilinear")
    return large.permute(0, 2, 3, 1).numpy().astype(np.uint8)


def smooth(content, images, **options):
    return quantise(content, images, calibration="smooth", **options)


@pytest.fixture(scope="module")
def smoothed(plain, images):
    return smooth(plain, images)


def quantised(content):
    """The products one of whose sides was rounded: their number by operator."""
    graph = onnx.load_from_string(content).graph
    made_by = {name: node.op_type for node in graph.node for name in node.output}
    found = [
        node.op_type
        for node in graph.node
        if node.op_type in ("MatMul", "Gemm", "Conv")
        and any(made_by.get(name) == "DequantizeLinear" for name in node.input)
    ]
    return {kind: found.count(kind) for kind in found}


def error(content, small, images, engine="onnxruntime"):
    """Root mean square of what changed in the logits, of their own."""
    expected = open_session(content, engine="onnxruntime").run(images).logits
    found = open_session(small, engine=engine).run(images).logits
    return np.sqrt(((found - expected) ** 2).mean() / (expected**2).mean())


def test_one_large_channel_costs_less_than_with_the_plain_range(images):
    uneven = made(outlier=100.0)
    even = error(uneven, smooth(uneven, images), images)
    assert even < 0.2 * error(uneven, quantise(uneven, images, calibration="minmax"), images)
    assert even < 0.1


def test_only_products_with_weights_before_the_last_are_quantised(plain, smoothed):
    assert quantised(smoothed) == {"MatMul": PRODUCTS * DEPTH}
    weights = [each for each in onnx.load_from_string(smoothed).graph.initializer if each.data_type == 3]
    assert len([each for each in weights if len(each.dims) == 2]) == PRODUCTS * DEPTH
    assert len(smoothed) < 0.65 * len(plain)


def test_each_head_of_a_joined_network_stays_in_float32(plain, images):
    joined = merge_onnx([Member(plain), Member(made(seed=1))])
    small = smooth(joined, images)
    assert quantised(small) == {"MatMul": 2 * PRODUCTS * DEPTH}
    assert error(joined, small, images) < 0.1


def test_what_is_excluded_stays_in_float32(plain, images):
    names = [node.name for node in onnx.load_from_string(plain).graph.node if node.op_type == "MatMul"]
    assert quantised(smooth(plain, images, exclude=[names[0]])) == {"MatMul": PRODUCTS * DEPTH - 1}
    with pytest.raises(ConfigError, match="nothing is left to quantise"):
        smooth(plain, images, exclude=["MatMul"])
    with pytest.raises(ConfigError, match="nothing in the network is called 'Convolution'"):
        smooth(plain, images, exclude=["Convolution"])


def test_openvino_runs_it_too(plain, smoothed, images):
    pytest.importorskip("openvino", reason="the extra openvino is not installed")
    assert error(plain, smoothed, images, engine="openvino") < 0.1


def test_progress_rises_to_the_number_of_pictures(plain, smoothed, images):
    told = []
    assert smooth(plain, images, progress=lambda done, total: told.append((done, total))) == smoothed
    assert {total for _, total in told} == {6}
    done = [each for each, _ in told]
    assert done == sorted(done) and done.count(6) == 1 and len(set(done)) >= 5


def test_it_is_silent_and_leaves_no_setting_changed(plain, images, capfd, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    logger, console = logging.getLogger("nncf"), rich.get_console()
    before = (dict(os.environ), logger.level, logging.getLoggerClass(), logging.root.level, console.quiet)
    streams = (sys.stdout, sys.stderr)
    smooth(plain, images)
    assert capfd.readouterr() == ("", "")
    assert (sys.stdout, sys.stderr) == streams and rich.get_console() is console
    after = (dict(os.environ), logger.level, logging.getLoggerClass(), logging.root.level, console.quiet)
    assert after == before


ALONE = """\
    import hashlib, logging, sys
    from pathlib import Path
    import numpy as np
    from openvino_telemetry.utils.sender import TelemetrySender

    sent = []
    TelemetrySender.send = lambda self, *message: sent.append(message)
    if "before" in sys.argv:
        import nncf
        sent.clear()
    from shelfwise.models.quantise import quantise

    logger_class = logging.getLoggerClass()
    small = quantise(Path("network.onnx").read_bytes(), np.load("images.npy"), calibration="smooth")
    assert "pytest" not in sys.modules  # NNCF sends nothing where it is
    assert logging.getLoggerClass() is logger_class
    assert sys.modules["openvino_telemetry"] is not None
    print(len(sent), hashlib.sha256(small).hexdigest())
"""


@pytest.mark.parametrize("when", ["after", "before"])
def test_no_telemetry_is_sent_and_another_process_gives_the_same_bytes(
    plain, smoothed, images, tmp_path, when
):
    """Also where somebody has imported NNCF before."""
    pytest.importorskip("openvino_telemetry", reason="comes with nncf")
    (tmp_path / "network.onnx").write_bytes(plain)
    np.save(tmp_path / "images.npy", images)
    home = tmp_path / "home"
    home.mkdir()
    source = Path(shelfwise.__file__).parents[1]
    environment = {
        **{
            name: value for name, value in os.environ.items() if name not in ("CI", "TF_BUILD", "JENKINS_URL")
        },
        "HOME": str(home),
        "PYTHONHASHSEED": "7",
        "PYTHONPATH": os.pathsep.join([str(source), os.environ.get("PYTHONPATH", "")]),
    }
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(ALONE), when],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == ["0", hashlib.sha256(smoothed).hexdigest()]
    if when == "after":
        assert not (home / "intel").exists()


def test_a_missing_nncf_names_what_to_install(plain, images, monkeypatch):
    monkeypatch.setitem(sys.modules, "nncf", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'shelfwise\[export\]'"):
        smooth(plain, images)


def test_what_nncf_refuses_is_a_model_error(plain, images, monkeypatch):
    import nncf

    def refuse(*arguments, **options):
        raise nncf.ValidationError("no such operator")

    monkeypatch.setattr(nncf, "quantize", refuse)
    with pytest.raises(ModelError, match="NNCF cannot quantise the network: no such operator"):
        smooth(plain, images)
