import pytest

from shelfwise.config import load_config
from shelfwise.errors import ConfigError
from shelfwise.training.config import RECIPES, TrainConfig, recipe_defaults, with_recipe


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_is_a_valid_configuration(name):
    settings = load_config(TrainConfig, defaults=recipe_defaults(name), flags={"data": "photos"})
    assert settings.recipe == name


def test_flags_stand_above_the_recipe():
    flags = {"data": "photos", "recipe": "small-cnn", "epochs": 3}
    settings = load_config(TrainConfig, defaults=with_recipe, flags=flags)
    assert settings.epochs == 3
    assert settings.loss == "binary-cross-entropy"


def test_the_articles_procedure_is_the_small_cnns_recipe():
    settings = load_config(TrainConfig, defaults=recipe_defaults("small-cnn"), flags={"data": "photos"})
    assert (settings.epochs, settings.optimizer, settings.loss) == (200, "adam", "binary-cross-entropy")
    assert settings.balance
    assert settings.patience > 0
    assert settings.seed == 42


def test_an_unknown_recipe_lists_the_known_ones():
    with pytest.raises(ConfigError, match="lite0"):
        with_recipe({"recipe": "lite9"})


def test_fractions_that_do_not_add_up_are_refused():
    with pytest.raises(ConfigError, match=r"add up to 1\.2"):
        load_config(TrainConfig, flags={"data": "photos", "train_fraction": 0.9})


def test_an_unknown_key_in_a_file_is_refused_with_the_nearest(tmp_path):
    file = tmp_path / "shop.toml"
    file.write_text('data = "photos"\nbatchsize = 8\n')
    with pytest.raises(ConfigError, match="did you mean 'batch_size'"):
        load_config(TrainConfig, file=file)


def test_a_backbone_without_recipe_takes_the_hf_recipe():
    flags = {"data": "photos", "backbone": "hf:some/model"}
    settings = load_config(TrainConfig, defaults=with_recipe, flags=flags)
    assert settings.recipe == "hf"
    assert settings.model_name == "hf:some/model"


def test_the_hf_recipe_alone_says_what_is_missing():
    settings = load_config(TrainConfig, defaults=recipe_defaults("hf"), flags={"data": "photos"})
    with pytest.raises(ConfigError, match="--backbone"):
        _ = settings.model_name


def test_no_epochs_and_no_fitted_head_would_train_nothing():
    with pytest.raises(ValueError, match="turn head_first on"):
        TrainConfig(data="photos", epochs=0, head_first=False)


def test_a_head_alone_is_not_fitted_to_a_teachers_answers():
    with pytest.raises(ValueError, match="leave the teacher out"):
        TrainConfig(data="photos", epochs=0, teacher="teacher")
