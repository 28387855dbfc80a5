"""Tests of the audit log's entries in words."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from shelfwise.accounts.records import AuditEntry
from shelfwise.web.pages.audit_words import WORDS, details_words, done_words, subject_words

STORES = {1: "Mill Lane", 2: "Harbour"}


def entry(action, details=None, subject=""):
    return AuditEntry(1, datetime(2026, 1, 1, tzinfo=UTC), "admin", action, subject, details or {}, None)


def details(action, **given):
    return details_words(entry(action, given, "product Tea"), STORES)


@pytest.mark.parametrize(
    ("action", "given", "told"),
    [
        ("user.add", {"admin": False, "roles": {"1": "clerk"}}, [("Role", "clerk at Mill Lane")]),
        ("user.add", {"admin": True, "roles": {}}, [("Admin", "yes")]),
        (
            "link.make",
            {"kind": "invite", "admin": False, "roles": {"9": "reader"}},
            [("Role", "reader at store 9")],
        ),
        ("link.use", {"kind": "invite", "invited_by": "Boss"}, [("Invited by", "Boss")]),
        ("link.use", {"kind": "first", "invited_by": ""}, []),
        ("user.change", {"name": {"before": "Ana", "after": "Anna"}}, [("Name", "Anna (was Ana)")]),
        (
            "user.change",
            {"roles": {"before": {"1": "clerk", "2": "reader"}, "after": {"1": "manager", "2": "reader"}}},
            [("Role at Mill Lane", "manager (was clerk)")],
        ),
        (
            "token.issue",
            {"id": 3, "name": "till", "scopes": ["read", "book"], "stores": None, "expires_at": None},
            [
                ("Name", "till"),
                ("May", "read, book"),
                ("Stores", "all"),
                ("Works until", "none"),
                ("Number", "3"),
            ],
        ),
        ("session.end", {"others": 2}, [("Other browsers signed out", "2")]),
        (
            "import",
            {"file": "tea.csv", "rows": 5, "store_id": 2},
            [("File", "tea.csv"), ("Rows", "5"), ("Store", "Harbour")],
        ),
        (
            "product.change",
            {"id": 7, "gtin": None, "archived": True},
            [("Barcode number", "none"), ("Archived", "yes")],
        ),
        (
            "robot.dance",
            {"with_whom": {"first_name": "Lin"}, "steps": [1, 2]},
            [("With whom, first name", "Lin"), ("Steps", "1, 2")],
        ),
    ],
)
def test_details_are_labels_and_values(action, given, told):
    assert details(action, **given) == told


def test_the_end_of_a_token_is_told_where_the_reader_is():
    made = entry("token.issue", {"expires_at": "2026-07-01T22:30:00+00:00"})
    assert details_words(made, STORES, ZoneInfo("Europe/Berlin")) == [("Works until", "2026-07-02 00:30")]


def test_an_invitation_is_told_from_a_new_password():
    assert done_words(entry("link.make", {"kind": "invite"})) == "Invited a user"
    assert done_words(entry("link.make", {"kind": "reset"})) == "Made a password link"
    assert done_words(entry("link.use", {"kind": "invite"})) == "Accepted an invitation"


def test_the_sort_of_thing_is_said_once():
    assert subject_words(entry("location.add", subject="location Aisle 3 / Shelf 1")) == "Aisle 3 / Shelf 1"
    assert subject_words(entry("user.disable", subject="user Boss")) == "user Boss"  # that is their name
    assert subject_words(entry("model.add", subject="model T (1a2b)")) == "model T (1a2b)"
    ended = entry("model.shadow", subject="none")
    assert (done_words(ended), subject_words(ended)) == ("Ended the trial of a model", "")


def test_what_is_not_known_is_told_all_the_same():
    assert "robot.dance" not in WORDS
    assert done_words(entry("robot.dance-on")) == "Robot: dance on"
