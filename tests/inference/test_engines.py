import subprocess
import sys
import threading
import time

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from shelfwise.errors import ConfigError, MissingExtraError, ModelError
from shelfwise.inference import engines, openvino_session, session
from shelfwise.inference.cpu import VNNI, cpu_flags
from shelfwise.inference.engines import FEW, available, choose, open_session

HERE = available()


def pictures(count=4, size=8):
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


@pytest.fixture
def machine(monkeypatch):
    """Pretend a processor and installed engines."""

    def pretend(*flags, installed=("onnxruntime",)):
        monkeypatch.setattr(engines, "cpu_flags", lambda: frozenset(flags))
        monkeypatch.setattr(engines, "available", lambda: installed)

    return pretend


def test_openvino_is_chosen_where_the_processor_multiplies_bf16(machine):
    machine("avx2", "amx_bf16", installed=("onnxruntime", "openvino"))
    chosen = choose()
    assert (chosen.engine, chosen.precision) == ("openvino", "bf16")
    assert "amx_bf16" in str(chosen)
    assert choose(precision="fp32").precision == "fp32"


def test_onnx_runtime_is_chosen_elsewhere(machine):
    machine("avx2", "avx512_vnni", installed=("onnxruntime", "openvino"))
    assert (choose().engine, choose().precision) == ("onnxruntime", "fp32")
    machine("amx_bf16")
    assert choose().engine == "onnxruntime"
    assert "not installed" in choose().reason


def test_a_few_photos_are_worth_no_long_start(machine):
    machine("amx_bf16", installed=("onnxruntime", "openvino"))
    assert choose(photos=1).engine == choose(photos=FEW).engine == "onnxruntime"
    assert "first to start" in choose(photos=1).reason
    assert choose(photos=FEW + 1).engine == choose(photos=None).engine == "openvino"
    # What is asked for is taken.
    assert choose("openvino", photos=1).engine == choose(precision="bf16", photos=1).engine == "openvino"


def test_a_gpu_comes_first(machine):
    machine("amx_bf16", installed=("onnxruntime", "openvino", "cuda"))
    assert choose().engine == "cuda"
    assert choose(photos=1).engine == "onnxruntime"


def test_bf16_means_the_engine_that_has_it(machine):
    machine("avx2")
    assert choose("auto", "bf16").engine == "openvino"
    with pytest.raises(ConfigError, match="has no bf16"):
        choose("onnxruntime", "bf16")


def test_an_engine_that_is_asked_for_is_taken(machine):
    machine("amx_bf16")
    assert (choose("openvino").engine, choose("openvino").precision) == ("openvino", "bf16")
    assert choose("onnxruntime").reason == "as asked for"


def test_unknown_names_are_refused(toy):
    with pytest.raises(ConfigError, match=r"no engine is called 'tensorrt': there are auto, onnxruntime"):
        open_session(toy.toy_onnx(), engine="tensorrt")
    with pytest.raises(ConfigError, match="no precision is called 'int4'"):
        open_session(toy.toy_onnx(), precision="int4")


def test_a_missing_openvino_names_what_to_install(toy, monkeypatch):
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'shelfwise\[openvino\]'"):
        open_session(toy.toy_onnx(), engine="openvino")


def test_cuda_without_a_gpu_is_a_model_error(toy):
    if "cuda" in HERE:
        pytest.skip("there is a GPU here")
    with pytest.raises(ModelError, match="cannot use CUDA here"):
        open_session(toy.toy_onnx(), engine="cuda")


@pytest.fixture
def broken_gpu(machine, monkeypatch):
    """Pretend a GPU and a session there that fails where it is told to; what was opened is in the list."""

    def pretend(fails, *flags, installed=("onnxruntime", "cuda")):
        real, opened = session.OnnxRuntimeSession, []

        class Session(real):
            def __init__(self, model, *, threads=None, cuda=False):
                opened.append("cuda" if cuda else "cpu")
                self.cuda = cuda
                if cuda and fails == "loading":
                    raise ModelError("toy.onnx: ONNX Runtime cannot use CUDA here")
                super().__init__(model, threads=threads)

            def run(self, images):
                if self.cuda and fails == "running":
                    raise ModelError("toy.onnx: ONNX Runtime failed (no memory)")
                return super().run(images)

        machine(*flags, installed=installed)
        monkeypatch.setattr(engines, "OnnxRuntimeSession", Session)
        monkeypatch.setattr(engines, "_told", threading.Event())
        return opened

    return pretend


@pytest.mark.parametrize("fails", ["loading", "running"])
def test_auto_goes_on_without_a_gpu_that_does_not_work_and_says_so_once(toy, broken_gpu, caplog, fails):
    opened = broken_gpu(fails, "avx2")
    for _ in range(2):
        assert open_session(toy.toy_onnx()).run(pictures()).logits.shape == (4, 3)
    assert opened == ["cuda", "cpu"] * 2
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "the GPU is not used, onnxruntime fp32 is: toy.onnx: ONNX Runtime" in record.getMessage()


def test_what_comes_after_the_gpu_is_openvino_where_it_is_faster(toy, openvino, broken_gpu, caplog):
    opened = broken_gpu("loading", "amx_bf16", installed=("onnxruntime", "openvino", "cuda"))
    assert isinstance(open_session(toy.toy_onnx()), openvino_session.OpenVinoSession)
    assert opened == ["cuda"]
    assert "openvino bf16 is" in caplog.text


def test_a_gpu_that_is_asked_for_and_does_not_work_is_an_error(toy, broken_gpu, caplog):
    opened = broken_gpu("loading", "avx2")
    with pytest.raises(ModelError, match="cannot use CUDA here"):
        open_session(toy.toy_onnx(), engine="cuda")
    assert opened == ["cuda"]
    assert not caplog.records


def test_a_broken_file_is_not_blamed_on_the_gpu(broken_gpu, caplog):
    broken_gpu("loading", "avx2")
    with pytest.raises(ModelError, match="ONNX Runtime cannot load it"):
        open_session(b"not a network")
    assert not caplog.records


def test_onnx_runtime_does_not_go_on_without_cuda_by_itself(toy, monkeypatch, capsys):
    import onnxruntime

    def create(self, providers, *rest):
        raise RuntimeError("CUDA failure 35: the driver is too old\nmore")

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider"])
    monkeypatch.setattr(onnxruntime.InferenceSession, "_create_inference_session", create)
    with pytest.raises(ModelError, match=r"cannot load it \(CUDA failure 35: the driver is too old\)"):
        session.OnnxRuntimeSession(toy.toy_onnx(), cuda=True)
    assert capsys.readouterr().out == ""


def test_cuda_gives_the_same_as_the_cpu(toy):
    if "cuda" not in HERE:
        pytest.skip("no GPU, or ONNX Runtime without CUDA")
    images = pictures()
    expected = open_session(toy.toy_onnx(), engine="onnxruntime").run(images)
    for ours, theirs in zip(open_session(toy.toy_onnx(), engine="cuda").run(images), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-3)


@pytest.fixture
def openvino():
    return pytest.importorskip("openvino", reason="the extra openvino is not installed")


def test_openvino_gives_the_same_as_onnx_runtime(toy, openvino, tmp_path):
    (tmp_path / "model.onnx").write_bytes(toy.toy_onnx())
    expected = open_session(toy.toy_onnx(), engine="onnxruntime").run(pictures())
    for model in (toy.toy_onnx(), tmp_path / "model.onnx"):
        opened = open_session(model, engine="openvino", precision="fp32")
        assert (opened.size, opened.categories) == (8, 3)
        for count in (4, 1, 4):
            found = opened.run(pictures()[:count])
            np.testing.assert_allclose(found.logits, expected.logits[:count], rtol=1e-5)
            np.testing.assert_allclose(found.embedding, expected.embedding[:count], rtol=1e-5)
            assert found.logits.dtype == found.embedding.dtype == np.float32


def test_openvino_reckons_in_bf16_when_told_to(toy, openvino):
    expected = open_session(toy.toy_onnx(), engine="onnxruntime").run(pictures()).logits
    found = open_session(toy.toy_onnx(), engine="openvino", precision="bf16").run(pictures()).logits
    np.testing.assert_allclose(found, expected, rtol=0.02)


def test_the_first_runs_of_a_process_may_come_from_several_threads(toy, openvino, tmp_path):
    (tmp_path / "model.onnx").write_bytes(toy.toy_onnx())
    script = """
import sys, threading
import numpy as np
from shelfwise.inference.engines import open_session
opened = open_session(open(sys.argv[1], "rb").read(), engine="openvino", streams=2)
start = threading.Barrier(4)
def work():
    start.wait()
    opened.run(np.zeros((1, 8, 8, 3), np.uint8))
threads = [threading.Thread(target=work, daemon=True) for _ in range(4)]
for each in threads: each.start()
for each in threads: each.join(60)
sys.exit(any(each.is_alive() for each in threads))
"""
    for _ in range(3):
        command = [sys.executable, "-c", script, str(tmp_path / "model.onnx")]
        assert subprocess.run(command, check=False, timeout=120).returncode == 0


def test_the_first_sessions_of_a_process_are_loaded_one_by_one(toy, openvino, monkeypatch):
    core, inside, most = openvino.Core, [], []

    def slow():
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.05)
        inside.pop()
        return core()

    monkeypatch.setattr(openvino, "Core", slow)
    monkeypatch.setattr(openvino_session, "_ran", threading.Event())
    opened = []

    def work():
        opened.append(open_session(toy.toy_onnx(), engine="openvino", streams=1).run(pictures()).logits)

    # Two threads, as the third may come when the first is through and nothing needs guarding any more.
    threads = [threading.Thread(target=work) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert len(opened) == 2
    assert max(most) == 1


def test_many_threads_share_an_openvino_session(toy, openvino):
    opened = open_session(toy.toy_onnx(), engine="openvino", streams=2)
    kept = {}

    def work(level):
        kept[level] = [
            opened.run(np.full((n, 8, 8, 3), level, np.uint8)).embedding for n in (1, 2, 3) for _ in range(10)
        ]

    threads = [threading.Thread(target=work, args=(level,)) for level in (0, 51, 102, 255)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    # Results that were given are not written over by later runs.
    for level, embeddings in kept.items():
        assert len(embeddings) == 30
        for embedding in embeddings:
            np.testing.assert_allclose(embedding, level / 255, rtol=1e-6)


def test_openvino_refuses_what_is_no_such_network(toy, openvino, tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"not a network")
    for model, message in (
        (tmp_path / "model.onnx", r"model\.onnx: OpenVINO cannot load it"),
        (tmp_path / "none.onnx", "cannot load it"),
        (b"", "the model in memory: OpenVINO cannot load it"),
        (toy.toy_onnx(names=("x", "y", "z")), "but takes 'x' and gives"),
        (toy.toy_onnx(kind=TensorProto.FLOAT), "'images' must be uint8"),
    ):
        with pytest.raises(ModelError, match=message):
            open_session(model, engine="openvino")


def test_openvino_on_pictures_of_another_shape_is_a_model_error(toy, openvino):
    opened = open_session(toy.toy_onnx(), engine="openvino", streams=1)
    with pytest.raises(ModelError, match="on pictures of shape 1 × 9 × 9 × 3"):
        opened.run(np.zeros((1, 9, 9, 3), np.uint8))
    # The request went back: the session is not stuck.
    assert opened.run(pictures(1)).logits.shape == (1, 3)


def saturating_onnx():
    """A quantised product whose sums of two neighbours exceed 16 bits: 255 · 127 · 2 = 64,770."""
    size = 64
    nodes = [
        helper.make_node("Cast", ["images"], ["values"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["values", "flat"], ["row"]),
        helper.make_node("QuantizeLinear", ["row", "one", "zero_u8"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "one", "zero_u8"], ["embedding_"]),
        helper.make_node("DequantizeLinear", ["w", "one", "zero_i8"], ["weights"]),
        helper.make_node("MatMul", ["embedding_", "weights"], ["logits"]),
        helper.make_node("Identity", ["row"], ["embedding"]),
    ]
    constants = {
        "flat": np.array([-1, size * 3], np.int64),
        "one": np.float32(1),
        "zero_u8": np.uint8(0),
        "zero_i8": np.int8(0),
        "w": np.full((size * 3, 16), 127, np.int8),
    }
    graph = helper.make_graph(
        nodes,
        "saturating",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["n", 8, 8, 3])],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 16]),
            helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", size * 3]),
        ],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model)
    return model.SerializeToString()


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_int8_products_do_not_saturate(engine):
    if engine == "openvino":
        pytest.importorskip("openvino", reason="the extra openvino is not installed")
    images = np.full((5, 8, 8, 3), 255, np.uint8)
    logits = open_session(saturating_onnx(), engine=engine, precision="fp32").run(images).logits
    np.testing.assert_allclose(logits, 255 * 127 * 192, rtol=1e-6)


def test_openvino_leaves_a_quantised_network_in_int8(openvino):
    if not cpu_flags() & VNNI:
        pytest.skip("the processor has no VNNI")
    opened = open_session(saturating_onnx(), engine="openvino", precision="fp32")
    kinds = [
        node.get_rt_info()["runtimePrecision"].astype(str)
        for node in opened._compiled.get_runtime_model().get_ops()
    ]
    assert {"i8", "u8"} & set(kinds)


def test_without_vnni_int8_is_told_to_be_exact(toy, monkeypatch):
    import onnxruntime

    seen = {}
    options = onnxruntime.SessionOptions
    monkeypatch.setattr(session, "cpu_flags", lambda: frozenset({"avx2"}))
    monkeypatch.setattr(onnxruntime, "SessionOptions", lambda: seen.setdefault("options", options()))
    session.OnnxRuntimeSession(toy.toy_onnx(), threads=1)
    assert seen["options"].get_session_config_entry("session.x64quantprecision") == "1"
    seen.clear()
    monkeypatch.setattr(session, "cpu_flags", lambda: frozenset({"avx_vnni"}))
    session.OnnxRuntimeSession(toy.toy_onnx(), threads=1)
    with pytest.raises(RuntimeError):
        seen["options"].get_session_config_entry("session.x64quantprecision")


def test_the_reason_of_openvino_is_the_line_that_says_it():
    error = RuntimeError("Exception from src/a.cpp:1:\nException from src/b.cpp:2:\nno such thing\nmore\n")
    assert openvino_session._reason(error) == "no such thing"
    assert openvino_session._reason(RuntimeError("")) == "RuntimeError"
