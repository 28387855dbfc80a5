"""Tests of the words for what the schemas refuse: plain sentences, and none of pydantic's."""

from typing import Any, cast, get_args

import pytest
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from pydantic_core.core_schema import ErrorType

from shelfwise.web.api.movement_schemas import BookingIn
from shelfwise.web.app import create_app
from shelfwise.web.entry_words import KNOWN, field_path, refused_words, sentence
from shelfwise.workflows.shop import Shop

OWN = {"value_error", "assertion_error"}
ODD: tuple[Any, ...] = (
    None, "", "x", "x" * 3000, "\ud800", "2026", "2026-01-31T09:30:00", "2026-13-01T00:00:00Z",
    -1, 0, 1, 2**70, 1.5, 1e300, float("nan"), True, [], [1], ["x"], [{}], [[]] * 2000, ["x"] * 2000,
    {}, {"a": "b"}, {"1": "x"}, {str(number): "clerk" for number in range(2000)}, {"": None},
)  # fmt: skip


def errors_of(check, given):
    try:
        check(given)
    except ValidationError as error:
        return error.errors()
    return []


def models_in(model: type[BaseModel]):
    """A body's model, and those of its lists."""
    yield model
    for field in model.model_fields.values():
        for inner in getattr(field.annotation, "__args__", ()):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                yield from models_in(inner)


@pytest.fixture(scope="module")
def refused() -> list[dict[str, Any]]:
    """All errors that odd values get at each field and parameter of the API and the pages."""
    errors: list[dict[str, Any]] = []
    routes = [route for route in create_app(cast(Shop, None)).routes if isinstance(route, APIRoute)]
    bodies = {each.body_field.field_info.annotation for each in routes if each.body_field}
    models = {
        inner
        for body in bodies
        for each in (body, *getattr(body, "__args__", ()))
        if isinstance(each, type) and issubclass(each, BaseModel)
        for inner in models_in(each)
    }
    assert BookingIn in models
    for model in models:
        errors += [error for odd in ODD for error in errors_of(model.model_validate, odd)]
        for name in (*model.model_fields, "no_such_field"):
            errors += [error for odd in ODD for error in errors_of(model.model_validate, {name: odd})]
    for route in routes:
        dependencies = [route.dependant]
        for dependant in dependencies:
            dependencies += dependant.dependencies
            for parameter in (*dependant.query_params, *dependant.path_params, *dependant.header_params):
                for odd in ODD:
                    errors += parameter.validate(odd, {}, loc=("query", parameter.name))[1] or ()
    return errors


def test_all_that_the_schemas_refuse_has_words_of_its_own(refused):
    kinds = {error["type"] for error in refused}
    assert {"missing", "extra_forbidden", "too_short", "too_long", "literal_error"} <= kinds
    assert kinds - OWN <= KNOWN.keys()


def test_the_patterns_of_the_schemas_are_told_in_words(refused):
    patterns = [error for error in refused if error["type"] == "string_pattern_mismatch"]
    assert len({error["ctx"]["pattern"] for error in patterns}) >= 2
    for said in map(refused_words, patterns):
        assert "cannot be taken" not in said
        assert not set(said) & set("^$[]{}\\")


@pytest.mark.parametrize("kind", sorted({*get_args(ErrorType)} - OWN))
def test_none_of_pydantics_words_are_passed_on(kind):
    context = {
        "gt": 1,
        "ge": 1,
        "lt": 1,
        "le": 1,
        "min_length": 2,
        "max_length": 2,
        "expected": "'a' or 'b'",
        "pattern": "^[0-9a-f]{64}$",
    }
    said = refused_words(
        {"type": kind, "loc": ("body", "lines"), "msg": "Input should be valid", "ctx": context}
    )
    assert said[0].isupper() and said.endswith(".")
    for jargon in ("validation", "valid ", "Input", "should", "{", "str", "int ", "dict"):
        assert jargon not in said


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            {"type": "too_short", "loc": ("body", "lines"), "ctx": {"min_length": 1}},
            "Give at least one line.",
        ),
        (
            {"type": "too_long", "loc": ("body", "lines"), "ctx": {"max_length": 1000}},
            "Give at most 1,000 lines.",
        ),
        (
            {"type": "too_short", "loc": ("body", "categories"), "ctx": {"min_length": 1}},
            "Give at least one category.",
        ),
        (
            {"type": "too_short", "loc": ("body", "status"), "ctx": {"min_length": 1}},
            "Give at least one item.",
        ),
        (
            {"type": "too_short", "loc": ("body", "branches"), "ctx": {"min_length": 1}},
            "Give at least one branch.",
        ),
        (
            {
                "type": "string_pattern_mismatch",
                "loc": ("path", "sha256"),
                "ctx": {"pattern": "^[0-9a-f]{64}$"},
            },
            "Give the SHA-256 of a photo: 64 digits and letters from a to f.",
        ),
        ({"type": "missing", "loc": ("body", "lines", 0, "product_id")}, "Give the product number."),
        ({"type": "missing", "loc": ("body",)}, "Send a body in JSON."),
        ({"type": "int_parsing", "loc": ("query", "store")}, "Give a whole number."),
        (
            {"type": "greater_than_equal", "loc": ("query", "store"), "ctx": {"ge": 1}},
            "Give a number of at least 1.",
        ),
        (
            {"type": "literal_error", "loc": ("body", "kind"), "ctx": {"expected": "'a', 'b' or 'c'"}},
            "Give a, b or c.",
        ),
        (
            {"type": "string_too_short", "loc": ("body", "name"), "ctx": {"min_length": 1}},
            "Give the name: it is empty.",
        ),
        ({"type": "value_error", "loc": ("body", "at"), "msg": "Value error, give a time"}, "Give a time."),
        (
            {"type": "something_new", "loc": ("body", "at"), "msg": "Odd"},
            "This value cannot be taken: see the API’s description for what can.",
        ),
    ],
)
def test_the_words_name_the_field_and_what_to_give(error, said):
    assert refused_words(error) == said


def test_a_place_is_a_path_of_names():
    assert field_path(("body", "lines", 0, "quantity")) == "lines.0.quantity"
    assert field_path(("query", "store")) == "store"
    assert field_path(("body", "roles", "x", "[key]")) == "roles.x"
    assert field_path(("body", 17)) == ""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("give a name", "Give a name."),
        ("there is no store 3", "There is no store 3."),
        ("who?", "Who?"),
        ("a.jpg: is empty", "a.jpg: is empty."),
        ("X is taken.", "X is taken."),
        ("", ""),
    ],
)
def test_a_message_becomes_a_sentence(text, told):
    assert sentence(text) == told


def test_the_api_and_the_pages_say_it_so(clerk):
    answer = clerk.post("/api/v1/movements", json={"lines": []}).json()
    assert answer["detail"] == "lines: Give at least one line."
    assert answer["errors"] == [{"field": "lines", "message": "Give at least one line."}]
    broken = clerk.post("/api/v1/movements", content="{", headers={"Content-Type": "application/json"})
    assert broken.json()["detail"].startswith("The body is no JSON")
    assert "Give a whole number." in clerk.get("/stock?location=x").text
