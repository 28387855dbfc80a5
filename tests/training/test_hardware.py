import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from shelfwise.errors import ConfigError
from shelfwise.training.hardware import autocast, choose_device, reproducible


def test_settings_hold_within_the_block_and_come_back_after_it():
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    with pytest.raises(RuntimeError, match="stop"), reproducible(1):
        assert torch.get_num_threads() == 1
        assert torch.are_deterministic_algorithms_enabled()
        raise RuntimeError("stop")
    assert (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()) == before


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA GPU here")
def test_a_gpu_that_is_not_there_is_refused():
    assert choose_device("auto").type == "cpu"
    with pytest.raises(ConfigError, match="no CUDA GPU"):
        choose_device("cuda")


@pytest.mark.parametrize(("precision", "expected"), [("fp32", torch.float32), ("bf16", torch.bfloat16)])
def test_the_precision_asked_for_is_used(precision, expected):
    with autocast(torch.device("cpu"), precision):
        assert torch.nn.Linear(2, 2)(torch.zeros(1, 2)).dtype == expected
