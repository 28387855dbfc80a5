"""Tests of signing in and out, the first start and invitations, as a browser without scripts does it."""

import hashlib
import re

import pytest
from sqlalchemy import update

from shelfwise.accounts.tables import users

PASSWORD = "correct horse battery"


def token(page: str) -> str:
    """The CSRF token of a page's form."""
    return re.search(r'name="csrf" value="([^"]+)"', page).group(1)


def form(client, path, **fields):
    """Load a form's page and send it."""
    page = client.get(path)
    assert page.status_code == 200
    return client.post(path, data={"csrf": token(page.text), **fields})


def test_signing_in_sets_a_cookie_that_no_script_reads(nobody):
    answer = form(nobody, "/sign-in", name="clerk", password=PASSWORD, next="/stock")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/stock"
    cookie = next(each for each in answer.headers.get_list("set-cookie") if "shelfwise_session" in each)
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert nobody.get("/api/v1/me").json()["name"] == "clerk"


def test_a_wrong_password_shows_the_form_again_with_the_name_and_without_the_password(nobody):
    answer = form(nobody, "/sign-in", name="clerk", password="not this one")
    assert answer.status_code == 401
    assert "Wrong name or password." in answer.text
    assert 'value="clerk"' in answer.text
    assert "not this one" not in answer.text
    assert "shelfwise_session" not in nobody.cookies


def test_a_shop_without_an_admin_says_where_the_link_for_the_first_one_is(nobody, shop):
    words = "The terminal that started the server printed a link"
    assert words not in nobody.get("/sign-in").text
    shop.db.write(lambda connection: connection.execute(update(users).values(admin=False)))
    assert words in nobody.get("/sign-in").text
    assert words in form(nobody, "/sign-in", name="x", password="not this one").text


def test_a_form_of_another_site_is_refused(nobody):
    nobody.get("/sign-in")
    fields = {"name": "clerk", "password": PASSWORD}
    assert nobody.post("/sign-in", data=fields).status_code == 403
    assert nobody.post("/sign-in", data={**fields, "csrf": "x"}).status_code == 403
    page = nobody.get("/sign-in")
    answer = nobody.post(
        "/sign-in", data={**fields, "csrf": token(page.text)}, headers={"Origin": "https://evil.example"}
    )
    assert answer.status_code == 403
    assert "shelfwise_session" not in nobody.cookies


def test_a_session_that_somebody_planted_is_not_taken_over(nobody, signed_in):
    planted = signed_in("reader").cookies["shelfwise_session"]
    nobody.cookies["shelfwise_session"] = planted
    nobody.cookies["shelfwise_form"] = "f" * 43
    # Who is signed in gets no form; the attack posts it all the same.
    csrf = hashlib.sha256(b"shelfwise form:" + b"f" * 43).hexdigest()
    answer = nobody.post("/sign-in", data={"csrf": csrf, "name": "clerk", "password": PASSWORD})
    assert answer.status_code == 303
    secret = re.search(r"shelfwise_session=([^;]+)", answer.headers["set-cookie"]).group(1)
    assert secret != planted
    # The planted session is over.
    nobody.cookies.clear()
    nobody.cookies["shelfwise_session"] = planted
    assert nobody.get("/api/v1/me").status_code == 401


@pytest.mark.parametrize(
    "away", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:x", "", "/\n/e"]
)
def test_after_signing_in_it_never_goes_to_another_site(nobody, away):
    answer = form(nobody, "/sign-in", name="clerk", password=PASSWORD, next=away)
    assert answer.headers["location"] == "/"


def test_too_many_wrong_passwords_wait(nobody):
    page = nobody.get("/sign-in")
    fields = {"csrf": token(page.text), "name": "clerk", "password": "not this one"}
    assert nobody.post("/sign-in", data=fields).status_code == 401
    answers = (nobody.post("/sign-in", data=fields) for _ in range(30))
    # The first one, for by the thirtieth the wait may be over.
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert int(refused.headers["Retry-After"]) >= 1
    # Not even the right one gets in meanwhile.
    assert nobody.post("/sign-in", data={**fields, "password": PASSWORD}).status_code == 429


def test_signing_out_ends_the_session_itself(clerk):
    secret = clerk.cookies["shelfwise_session"]
    csrf = clerk.headers.pop("X-CSRF-Token")
    assert clerk.post("/sign-out", data={"csrf": "x"}).status_code == 403
    answer = clerk.post("/sign-out", data={"csrf": csrf})
    assert answer.status_code == 303
    assert "shelfwise_session" not in clerk.cookies
    clerk.cookies["shelfwise_session"] = secret
    assert clerk.get("/api/v1/me").status_code == 401


def test_who_is_not_signed_in_is_led_to_the_form_and_back(nobody):
    answer = nobody.get("/?store=1")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2F%3Fstore%3D1"


def test_who_is_signed_in_needs_no_form(clerk):
    answer = clerk.get("/sign-in?next=/stock")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/stock"


def test_an_invitation_makes_a_user_once(shop, nobody, browser):
    first = shop.catalogue.stores()[0].id
    secret = shop.invitations.invite("Lin", {first: "clerk"}, "admin")
    assert "Lin" in nobody.get(f"/invitation/{secret}").text
    weak = form(nobody, f"/invitation/{secret}", name="Lin", password="password")
    assert weak.status_code == 422
    assert 'role="alert"' in weak.text or "at least" in weak.text
    done = form(nobody, f"/invitation/{secret}", name="Lin", password="a long enough one")
    assert done.status_code == 303
    assert nobody.get("/api/v1/me").json() | {"csrf": None} == {
        "user_id": shop.users.by_name("Lin").id,
        "name": "Lin",
        "admin": False,
        "roles": {str(first): "clerk"},
        "scopes": None,
        "via": "session",
        "csrf": None,
    }
    assert browser().get(f"/invitation/{secret}").status_code == 404


def test_a_made_up_link_leads_nowhere(nobody):
    for path in ("/first/x", "/invitation/" + "y" * 43):
        answer = nobody.get(path)
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/html")


def test_an_invitation_is_no_link_for_the_first_admin(shop, nobody):
    secret = shop.invitations.invite("Lin", {}, "admin")
    assert nobody.get(f"/first/{secret}").status_code == 404


def test_a_password_link_ends_the_users_sessions(shop, clerk, nobody):
    secret = shop.invitations.reset(shop.users.by_name("clerk").id, "admin")
    assert form(nobody, f"/invitation/{secret}", password="another long one").status_code == 303
    assert clerk.get("/api/v1/me").status_code == 401
    assert nobody.get("/api/v1/me").json()["name"] == "clerk"


def focused(page):
    """The names of a form's fields in which typing begins."""
    return [
        re.search('name="([^"]+)"', each).group(1) for each in re.findall("<input[^>]* autofocus[^>]*>", page)
    ]


def test_after_a_bad_password_typing_begins_there(shop, nobody):
    invited = shop.users.add("Grace", None)
    link = f"/invitation/{shop.invitations.reset(invited.id, by='admin')}"
    shop.db.write(lambda connection: connection.execute(update(users).values(admin=False)))
    first = f"/first/{shop.invitations.first_admin()}"
    for path, begins in ((first, ["name"]), (link, ["password"])):
        assert focused(nobody.get(path).text) == begins
        again = form(nobody, path, name="Ada", password="short")
        assert again.status_code == 422
        assert focused(again.text) == ["password"]
