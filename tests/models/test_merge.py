"""Ensembles in one graph, with networks small enough to compute by hand."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from shelfwise.errors import ModelError
from shelfwise.inference.session import OnnxRuntimeSession
from shelfwise.models.merge import Member, merge_onnx


def mean_colour(gain: float, *, size: int = 8, categories: int = 3) -> bytes:
    """Mean colour as embedding; logits are ``gain`` times it, in the order of the channels."""
    weights = np.zeros((3, categories), np.float32)
    weights[:, :3] = np.eye(3, min(categories, 3)) * gain
    constants = {"axes": np.array([1, 2], np.int64), "full": np.float32(255), "weights": weights}
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["images"], ["values"], to=TensorProto.FLOAT),
            helper.make_node("ReduceMean", ["values", "axes"], ["mean"], keepdims=0),
            helper.make_node("Div", ["mean", "full"], ["embedding"]),
            helper.make_node("MatMul", ["embedding", "weights"], ["logits"]),
        ],
        "colours",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["n", size, size, 3])],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", categories]),
            helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", 3]),
        ],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    content: bytes = model.SerializeToString()
    return content


IMAGES = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3), dtype=np.uint8)
COLOUR = IMAGES.mean((1, 2)) / 255


def test_logits_are_the_weighted_mean_of_calibrated_logits() -> None:
    merged = merge_onnx([Member(mean_colour(1), 3, 2), Member(mean_colour(-4), 1, 0.5)])
    logits = OnnxRuntimeSession(merged).run(IMAGES).logits
    np.testing.assert_allclose(logits, COLOUR * (0.75 / 2 - 0.25 * 4 / 0.5), rtol=1e-5)


def test_the_cosine_of_embeddings_is_the_mean_of_the_members_cosines() -> None:
    merged = merge_onnx([Member(mean_colour(1), 3), Member(mean_colour(7), 1)])
    session = OnnxRuntimeSession(merged)
    embedding = session.run(IMAGES).embedding
    unit = COLOUR / np.linalg.norm(COLOUR, axis=1, keepdims=True)
    np.testing.assert_allclose(embedding @ embedding.T, unit @ unit.T, rtol=1e-4)
    assert embedding.shape == (5, 6)
    assert (session.size, session.categories) == (8, 3)


def test_one_member_keeps_its_probabilities() -> None:
    alone = OnnxRuntimeSession(mean_colour(5)).run(IMAGES).logits
    merged = OnnxRuntimeSession(merge_onnx([Member(mean_colour(5), 0.3)])).run(IMAGES).logits
    np.testing.assert_allclose(merged, alone, rtol=1e-5)


def test_equal_members_give_equal_bytes() -> None:
    members = [Member(mean_colour(1)), Member(mean_colour(2))]
    assert merge_onnx(members) == merge_onnx(members)


@pytest.mark.parametrize("other", [mean_colour(1, size=9), mean_colour(1, categories=4)])
def test_networks_that_do_not_fit_are_refused(other: bytes) -> None:
    with pytest.raises(ModelError, match="can be joined only where input, number of categories"):
        merge_onnx([Member(mean_colour(1)), Member(other)])


def test_an_ensemble_needs_a_member() -> None:
    with pytest.raises(ModelError, match="at least one"):
        merge_onnx([])


def test_a_graph_without_embedding_is_refused() -> None:
    model = onnx.load_model_from_string(mean_colour(1))
    del model.graph.output[1]
    with pytest.raises(ModelError, match="give 'logits' and 'embedding'"):
        merge_onnx([Member(model.SerializeToString())])
