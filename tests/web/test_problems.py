"""Tests of errors as answers."""

import json

import pytest

from shelfwise import errors
from shelfwise.web.problems import found, problem_json


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.NotFoundError("no product 3"), 404),
        (errors.ChangedError("changed"), 412),
        (errors.KeyReusedError("reused"), 409),
        (errors.ConflictError("taken"), 409),
        (errors.EntryError("name", "give one"), 422),
        (errors.SignInError("who?"), 401),
        (errors.ForbiddenError("no"), 403),
        (errors.OverloadedError("full", 2), 503),
        (errors.ThrottledError("slow", 2), 429),
        (errors.BusyError("busy", 2), 503),
        (errors.DatabaseError("gone"), 503),
        (errors.StorageError("full"), 503),
        (errors.ImageError("a.jpg", "is empty"), 422),
        (errors.BundleError("damaged"), 422),
        (errors.ConfigError("odd"), 400),
    ],
)
def test_every_expected_error_has_its_status(error, status):
    answer = problem_json(found(error))
    body = json.loads(answer.body)
    assert answer.status_code == body["status"] == status
    assert answer.media_type == "application/problem+json"
    assert body["type"].startswith("urn:shelfwise:problem:")
    assert body["title"]
    assert body["detail"].casefold().rstrip(".?") == str(error).casefold().rstrip(".?")
    assert body["detail"].endswith((".", "?"))


def test_the_field_that_is_wrong_is_named():
    body = json.loads(problem_json(found(errors.EntryError("lines.0.quantity", "give more than 0"))).body)
    assert body["errors"] == [{"field": "lines.0.quantity", "message": "Give more than 0."}]
    assert body["detail"] == "lines.0.quantity: Give more than 0."


def test_the_field_of_a_value_that_is_taken_is_named():
    taken = found(errors.ConflictError("there is a store Mill Lane already", "name"))
    assert (taken.status, taken.fields) == (409, [("name", "There is a store Mill Lane already.")])
    assert taken.detail == "There is a store Mill Lane already."
    assert found(errors.ConflictError("this movement is undone already")).fields == []


def test_the_field_of_a_photo_that_was_sent_is_named():
    sent = found(errors.ImageError("the photo", "not a picture", "photo"))
    assert (sent.code, sent.fields) == ("photo", [("photo", "The photo: not a picture.")])
    assert found(errors.ImageError("the photo", "not a picture")).fields == []


def test_a_body_that_is_not_said_to_be_json_is_told_so(clerk):
    body = b'{"lines": []}'
    for kind in ({}, {"Content-Type": "application/x-www-form-urlencoded"}, {"Content-Type": "text/plain"}):
        answer = clerk.post("/api/v1/movements", content=body, headers=kind)
        assert answer.status_code == 422
        [only] = answer.json()["errors"]
        assert only["field"] == ""
        assert "Content-Type: application/json" in only["message"]
    sent = clerk.post("/api/v1/movements", content=body, headers={"Content-Type": "application/json"})
    assert sent.json()["errors"][0]["field"] == "lines"
    empty = clerk.post("/api/v1/movements", content=b"[]", headers={"Content-Type": "application/json"})
    assert empty.json()["errors"] == [{"field": "", "message": "Give an object: names with their values."}]


@pytest.mark.parametrize("address", ["/products/new", "/stock/new", "/products/0", "/users/x"])
def test_a_pages_address_that_has_no_number_leads_nowhere(admin, address):
    page = admin.get(address)
    assert page.status_code == 404
    assert "There is nothing at this address" in page.text
    assert "Give a" not in page.text


def test_when_to_try_again_is_said_in_whole_seconds():
    assert problem_json(found(errors.ThrottledError("slow", 1.2))).headers["Retry-After"] == "2"
    assert problem_json(found(errors.OverloadedError("full", 0.01))).headers["Retry-After"] == "1"
    assert "Retry-After" in problem_json(found(errors.DatabaseError("gone"))).headers
    assert "Retry-After" not in problem_json(found(errors.ConflictError("taken"))).headers


def test_who_is_not_signed_in_is_told_how():
    assert problem_json(found(errors.SignInError("who?"))).headers["WWW-Authenticate"].startswith("Bearer")
