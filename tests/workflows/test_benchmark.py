import io
import time

import pytest
from PIL import Image

from shelfwise.bundle import read_bundle
from shelfwise.errors import ConfigError, DataError
from shelfwise.inference.decision import DecisionMaker
from shelfwise.rules import DecisionRule
from shelfwise.workflows import benchmark as module
from shelfwise.workflows.benchmark import Row, Way, benchmark, ways
from shelfwise.workflows.benchmark_photos import drawn_photos, found_photos


@pytest.fixture
def bundle(toy, tmp_path):
    toy.write_toy_bundle(tmp_path / "bundle")
    return read_bundle(tmp_path / "bundle")


def test_the_plan_is_every_combination(monkeypatch):
    monkeypatch.setattr(module, "available", lambda: ("onnxruntime", "openvino"))
    monkeypatch.setattr(module, "cpu_flags", lambda: frozenset({"amx_bf16"}))
    plan = ways((), (), (1, 8), (2,))
    assert plan == [
        Way(engine, precision, batch, 2)
        for engine, precision in (("onnxruntime", "fp32"), ("openvino", "fp32"), ("openvino", "bf16"))
        for batch in (1, 8)
    ]
    assert ways(("onnxruntime",), ("fp32",), (4,), (1,)) == [Way("onnxruntime", "fp32", 4, 1)]
    assert ways((), ("bf16",), (1,), (1,)) == [Way("openvino", "bf16", 1, 1)]
    with pytest.raises(ConfigError, match="has no bf16"):
        ways(("onnxruntime",), ("bf16",), (), ())


def test_a_plan_that_nothing_here_can_do_is_refused(monkeypatch):
    monkeypatch.setattr(module, "available", lambda: ("onnxruntime",))
    with pytest.raises(ConfigError, match="no engine here reckons in bf16"):
        ways((), ("bf16",), (), ())


def test_measures_what_can_be_read(bundle):
    told = []
    photos = [b"broken", drawn_photos()[-1]]
    plan = ways(("onnxruntime",), (), (1,), (1, 2))
    run = benchmark([bundle], photos, plan, seconds=0.05, progress=lambda *each: told.append(each))
    assert run.photos == 1 and run.mean_pixels == 640 * 480
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert run.peak > 1e8
    one, two = run.rows
    assert two.possible >= one.possible > 0
    assert all(each.rate > 0 and each.network > 0 and each.decode > 0 for each in run.rows)
    assert {"reached", "of_fp32_peak"} <= run.to_dict()["rows"][0].keys()
    with pytest.raises(DataError, match="no photo can be read; the first: picture in memory: not a picture"):
        benchmark([bundle], [b"broken"], plan, progress=lambda *each: None)


def test_without_onnx_the_operations_are_not_counted(bundle, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "onnx", None)
    plan = ways(("onnxruntime",), (), (1,), (1,))
    run = benchmark([bundle], drawn_photos()[-1:], plan, seconds=0.05, progress=lambda *each: None)
    assert run.flops == {} and "shelfwise[export]" in run.notes[0]
    assert run.rows[0].possible is None and run.rows[0].of_fp32_peak is None


@pytest.mark.parametrize(("network", "decode", "slower"), [(60.0, 40.0, 40.0), (40.0, 60.0, 40.0)])
def test_a_row_is_held_against_the_slower_part_and_the_peak(network, decode, slower):
    row = Row("shop", "fp32", Way("openvino", "bf16", 1, 1), 30.0, network, decode, possible=20.0)
    assert row.reached == 30.0 / slower
    assert row.of_fp32_peak == network / 20.0  # above 1: bf16 may be faster than float32 can be


def test_the_time_to_decide_is_that_of_the_bundles_rule(toy, tmp_path, monkeypatch):
    rule = DecisionRule(
        precision=0.98,
        keep_known=0.95,
        levels=["category"],
        thresholds={"Red": 0.7, "Green": 0.7, "Blue": None},
        novelty="energy",
        novelty_threshold=0.0,
    )
    toy.write_toy_bundle(tmp_path / "bundle", decision=rule)
    decide = DecisionMaker.decide

    def slowly(*arguments):
        time.sleep(0.02)
        return decide(*arguments)

    monkeypatch.setattr(DecisionMaker, "decide", slowly)
    bundle = read_bundle(tmp_path / "bundle")
    plan = ways(("onnxruntime",), (), (1,), (1,))
    run = benchmark([bundle], drawn_photos()[-1:], plan, seconds=0.05, progress=lambda *each: None)
    assert run.stages[str(bundle.path)].decide >= 20


def test_drawn_photos_are_jpegs_of_a_photos_weight():
    photos = drawn_photos()
    assert photos == drawn_photos()
    for photo in photos:
        with Image.open(io.BytesIO(photo)) as image:
            assert image.format == "JPEG"
            assert 0.1 < len(photo) / (image.width * image.height) < 0.5


def test_photos_are_found_or_missed(tmp_path):
    Image.new("RGB", (9, 9)).save(tmp_path / "a.png")
    assert found_photos([str(tmp_path)]) == [tmp_path / "a.png"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="no photo found"):
        found_photos([str(tmp_path / "empty")])
