import pytest


@pytest.mark.parametrize(
    ("path", "name", "message"),
    [
        ("/api/v1/products?querry=oat", "querry", "There is no such parameter: did you mean query?"),
        ("/api/v1/stock?store=1&Limit=5", "Limit", "There is no such parameter: did you mean limit?"),
        ("/api/v1/me?x=1", "x", "There is no such parameter: this address takes none."),
    ],
)
def test_a_parameter_that_is_not_known_is_refused_with_the_one_that_was_meant(clerk, path, name, message):
    answer = clerk.get(path)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": name, "message": message}]


def test_all_that_are_not_known_are_named_and_nothing_is_done(admin, shop):
    answer = admin.post("/api/v1/users?dry_run=true&force=1", json={"name": "Grace"})
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == ["dry_run", "force"]
    assert "Grace" not in [user.name for user in shop.users.list()]


def test_who_is_not_signed_in_is_told_that_first(nobody):
    assert nobody.get("/api/v1/products?querry=oat").status_code == 401


def test_known_parameters_and_pages_are_as_before(clerk):
    for path in ("/api/v1/products?query=oat&limit=2", "/products?utm_source=mail", "/healthz?x=1"):
        assert clerk.get(path).status_code == 200
