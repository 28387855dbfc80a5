import threading

import numpy as np
import pytest
from onnx import TensorProto

from shelfwise.errors import ModelError
from shelfwise.inference.session import OnnxRuntimeSession


def test_gives_logits_and_embedding_for_any_number_of_pictures(toy):
    session = OnnxRuntimeSession(toy.toy_onnx(gain=2.0), threads=1)
    assert session.categories == 3
    assert session.size == 8
    for count in (1, 5):
        outputs = session.run(np.full((count, 8, 8, 3), [255, 0, 51], np.uint8))
        np.testing.assert_allclose(outputs.embedding, [[1.0, 0.0, 0.2]] * count, rtol=1e-6)
        np.testing.assert_allclose(outputs.logits, [[2.0, 0.0, 0.4]] * count, rtol=1e-6)
        assert outputs.logits.dtype == np.float32


def test_loads_from_a_path(toy, tmp_path):
    (tmp_path / "model.onnx").write_bytes(toy.toy_onnx())
    assert OnnxRuntimeSession(tmp_path / "model.onnx").run(np.zeros((1, 8, 8, 3), np.uint8)).logits.shape == (
        1,
        3,
    )


def test_several_threads_may_run_it_at_once(toy):
    session = OnnxRuntimeSession(toy.toy_onnx(), threads=1)
    results = {}

    def work(level):
        for _ in range(50):
            results[level] = session.run(np.full((4, 8, 8, 3), level, np.uint8)).embedding

    threads = [threading.Thread(target=work, args=(level,)) for level in (0, 51, 102, 255)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for level, embedding in results.items():
        np.testing.assert_allclose(embedding, level / 255, rtol=1e-6)


def test_what_is_no_network_is_refused(tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"not a network")
    with pytest.raises(ModelError, match=r"model\.onnx: ONNX Runtime cannot load it"):
        OnnxRuntimeSession(tmp_path / "model.onnx")
    with pytest.raises(ModelError, match="the model in memory: ONNX Runtime cannot load it"):
        OnnxRuntimeSession(b"")
    with pytest.raises(ModelError, match="cannot load it"):
        OnnxRuntimeSession(tmp_path / "none.onnx")


def test_other_names_and_types_are_refused(toy):
    with pytest.raises(ModelError, match="but takes 'x' and gives 'y', 'z'"):
        OnnxRuntimeSession(toy.toy_onnx(names=("x", "y", "z")))
    with pytest.raises(ModelError, match="'images' must be uint8"):
        OnnxRuntimeSession(toy.toy_onnx(kind=TensorProto.FLOAT))


def test_pictures_of_another_shape_are_a_model_error(toy):
    with pytest.raises(ModelError, match="on pictures of shape 1 × 9 × 9 × 3"):
        OnnxRuntimeSession(toy.toy_onnx()).run(np.zeros((1, 9, 9, 3), np.uint8))
