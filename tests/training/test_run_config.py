import pytest
from pydantic import ValidationError

from shelfwise.training.config import TrainConfig
from shelfwise.training.detect.config import DetectConfig
from shelfwise.training.run_config import DataConfig, MachineConfig, PartsConfig

BOTH = pytest.mark.parametrize("model", [TrainConfig, DetectConfig])
COMMON = (DataConfig, PartsConfig, MachineConfig)


@BOTH
def test_settings_stand_in_the_order_in_which_one_looks_for_them(model):
    names = list(model.model_fields)
    data, parts, machine = (list(each.model_fields) for each in COMMON)
    assert names[: len(data)] == data
    assert names[-len(machine) :] == machine
    first = names.index(parts[0])
    assert names[first : first + len(parts)] == parts
    assert len(data) < first < 6  # what else there is to say of the photos, then their parts


def test_both_trainings_say_the_same_of_what_both_have():
    own = {"task", "data", "out"}  # are told in other words
    for name in {name for each in COMMON for name in each.model_fields} - own:
        one, other = TrainConfig.model_fields[name], DetectConfig.model_fields[name]
        assert one.description and repr(one) == repr(other), name


@BOTH
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train_fraction": 0.5}, "add up to 0.8, not 1"),
        ({"train_fraction": 0, "val_fraction": 0.9}, "there would be nothing to train on"),
        ({"seed": -1}, "greater than or equal to 0"),
        ({"threads": 0}, "greater than 0"),
        ({"colour": "red"}, "Extra inputs are not permitted"),
    ],
)
def test_nonsense_is_refused(model, changes, message):
    with pytest.raises(ValidationError, match=message):
        model(data="photos", **changes)


@BOTH
def test_settings_do_not_change(model):
    with pytest.raises(ValidationError, match="frozen"):
        model(data="photos").seed = 7
