import pytest

from shelfwise.config import load_config
from shelfwise.errors import ConfigError
from shelfwise.rules import DetectionRule
from shelfwise.training.detect.config import DetectConfig


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"batchsize": 3}, "did you mean 'batch_size'"),
        ({"mixup": 0.2}, "no setting is named 'mixup'"),
        ({"backbone": "lite9"}, "--backbone is"),
        ({"size": 600}, "--size is 600.*multiple of 64"),
        ({"size": 0}, "--size"),
        ({"task": "classify"}, "--task is"),
        ({"epochs": 0}, "--epochs"),
        ({"train_fraction": 0.9}, "add up to 1.2"),
        ({"train_fraction": 0.0, "val_fraction": 0.5, "test_fraction": 0.5}, "nothing to train on"),
        ({"tile": 256, "tile_overlap": 256}, "would never advance"),
        ({"lr": float("nan")}, "--lr"),
    ],
)
def test_wrong_settings_are_told(flags, message):
    with pytest.raises(ConfigError, match=message):
        load_config(DetectConfig, flags={"data": "photos", **flags})


def test_how_it_will_look_at_photos_is_that_of_every_detector_unless_told():
    config = DetectConfig(data="photos")
    assert config.rule(0.3) == DetectionRule(min_score=0.3)
    assert DetectConfig(data="photos", tile=512).rule(0.3).tile == 512
    assert config.model_name == "detector-lite0"
