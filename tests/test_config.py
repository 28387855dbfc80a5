import json
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from shelfwise.config import flag_name, load_config, read_config_file
from shelfwise.errors import ConfigError


class Cooking(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    dish: str
    batch_size: int = Field(4, gt=0)
    heat: float = 180.0
    fan: bool = True
    tray: Path | None = None
    order: Literal["first", "last"] = "first"
    guests: list[str] | None = None


def write(folder: Path, text: str) -> Path:
    file = folder / "dinner.toml"
    file.write_text(text, "utf-8")
    return file


def test_each_place_stands_above_the_one_before(tmp_path: Path) -> None:
    file = write(tmp_path, 'dish = "pie"\nbatch_size = 3\nheat = 3\n')
    result = load_config(
        Cooking, defaults={"batch_size": 2, "heat": 2.0, "fan": False}, file=file, flags={"heat": 9.5}
    )
    assert result == Cooking(dish="pie", batch_size=3, heat=9.5, fan=False)


def test_none_among_flags_means_not_given() -> None:
    assert load_config(Cooking, defaults={"dish": "pie"}, flags={"dish": None}).dish == "pie"


def test_defaults_may_depend_on_what_is_given(tmp_path: Path) -> None:
    file = write(tmp_path, 'dish = "cake"\nheat = 150.0\n')
    heats = {"cake": {"heat": 160.0, "batch_size": 1}, "pie": {}}
    result = load_config(Cooking, defaults=lambda given: heats[str(given["dish"])], file=file)
    assert (result.heat, result.batch_size) == (150.0, 1)


def test_paths_and_tuples_from_python_are_taken() -> None:
    result = load_config(Cooking, flags={"dish": "pie", "tray": Path("a/b"), "guests": ("x", "y")})
    assert result.tray == Path("a/b")
    assert result.guests == ["x", "y"]


@pytest.mark.parametrize("key", ["bath_size", "batch-size", "BatchSize", "batchsize"])
def test_unknown_key_in_a_file_is_refused_with_line_and_nearest(tmp_path: Path, key: str) -> None:
    file = write(tmp_path, f'dish = "pie"\n\n{key} = 3\n')
    with pytest.raises(ConfigError) as caught:
        load_config(Cooking, file=file)
    assert str(caught.value) == f"{file}, line 3: no setting is named '{key}'; did you mean 'batch_size'?"


def test_unknown_key_like_no_other_lists_all(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there are: dish, batch_size, heat, fan, tray, order, guests"):
        read_config_file(Cooking, write(tmp_path, "qqq = 3\n"))


def test_unknown_flag_is_refused_with_nearest() -> None:
    with pytest.raises(ConfigError, match=r"--heaat: .* did you mean 'heat'\?"):
        load_config(Cooking, flags={"heaat": 3.0})


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('batch_size = "3"', 'batch_size is "3": expected a whole number'),
        ("batch_size = true", "batch_size is true: expected a whole number"),
        ("batch_size = 3.5", "batch_size is 3.5: expected a whole number"),
        ("batch_size = 0", "batch_size is 0: expected greater than 0"),
        ('heat = "hot"', 'heat is "hot": expected a number'),
        ("fan = 1", "fan is 1: expected true or false"),
        ('order = "middle"', "order is \"middle\": expected 'first' or 'last'"),
        ('guests = "Ann"', 'guests is "Ann": expected a list'),
        ('guests = ["Ann", 3]', "guests[1] is 3: expected a text"),
        ("[tray]\nx = 1", 'tray is {"x":1}: expected a text'),
    ],
)
def test_wrong_value_in_a_file_names_line_key_and_what_is_expected(
    tmp_path: Path, line: str, message: str
) -> None:
    file = write(tmp_path, f'dish = "pie"\n{line}\n')
    with pytest.raises(ConfigError) as caught:
        load_config(Cooking, file=file)
    assert str(caught.value).startswith(f"{file}, line 2: {message}")


def test_wrong_flag_is_named_as_a_flag() -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(Cooking, flags={"dish": "pie", "batch_size": -1})
    assert str(caught.value) == "--batch-size is -1: expected greater than 0"


def test_all_wrong_values_are_named_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(Cooking, flags={"heat": "x", "batch_size": 0})
    lines = str(caught.value).splitlines()
    assert [line.split()[0] for line in lines] == ["dish:", "--batch-size", "--heat"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no such configuration file"),
        (b"dish = \xff\n", "its text is not UTF-8"),
        (b"dish = \n", r"not a TOML file: .*line 1"),
        (b"dish = 'a'\ndish = 'b'\n", "not a TOML file: .*line 2"),
    ],
)
def test_unreadable_file(tmp_path: Path, content: bytes | None, message: str) -> None:
    file = tmp_path / "dinner.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        load_config(Cooking, file=file)


def test_a_folder_is_no_configuration_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(Cooking, file=tmp_path)


cookings = st.builds(
    Cooking,
    dish=st.text(st.characters(codec="utf-8")),
    batch_size=st.integers(1, 2**63 - 1),
    heat=st.floats(allow_nan=False),
    fan=st.booleans(),
    tray=st.none() | st.text("abc/.", min_size=1).map(Path),
    order=st.sampled_from(["first", "last"]),
    guests=st.none() | st.lists(st.text(st.characters(codec="utf-8"))),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault
@given(wanted=cookings, of_file=st.sets(st.sampled_from(list(Cooking.model_fields))))
def test_round_trip_over_file_and_flags(
    tmp_path_factory: pytest.TempPathFactory, wanted: Cooking, of_file: set[str]
) -> None:
    values = wanted.model_dump(exclude_none=True)
    text = "".join(f"{key} = {toml(values[key])}\n" for key in of_file & values.keys())
    file = write(tmp_path_factory.getbasetemp(), text)
    flags = {key: value for key, value in values.items() if key not in of_file}
    assert load_config(Cooking, file=file, flags=flags) == wanted


def toml(value: object) -> str:
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text.replace("\x7f", "\\u007f") if isinstance(value, str) else text


def test_flag_name() -> None:
    assert flag_name("batch_size") == "--batch-size"
