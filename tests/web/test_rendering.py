"""Tests of pages' surroundings: escaping, static files, and who is shown which stores."""

import re

from shelfwise.web.rendering import STATIC, TEMPLATES, environment, static_url


def test_what_is_put_into_a_page_is_escaped():
    template = environment().from_string("<p>{{ name }}</p>")
    assert template.render(name="<script>x</script>") == "<p>&lt;script&gt;x&lt;/script&gt;</p>"


def test_an_error_page_escapes_what_the_address_brings(nobody):
    answer = nobody.get("/%3Cscript%3Ealert(1)%3C/script%3E")
    assert answer.status_code == 404
    assert "<script>alert" not in answer.text


def test_a_static_file_is_kept_for_a_year_under_its_hash(nobody):
    url = static_url("icon.svg")
    assert re.fullmatch(r"/static/icon\.svg\?v=[0-9a-f]{12}", url)
    answer = nobody.get(url)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    plain = nobody.get("/static/icon.svg")
    assert plain.headers["cache-control"] == "no-cache"
    again = nobody.get("/static/icon.svg", headers={"If-None-Match": plain.headers["etag"]})
    assert again.status_code == 304


def test_nothing_outside_the_folder_is_served(nobody):
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static//etc/passwd"):
        assert nobody.get(path).status_code == 404


def test_every_page_is_for_browsers_and_not_in_the_schema(app):
    assert all(path.startswith("/api/v1/") for path in app.openapi()["paths"])


def test_no_template_has_inline_script_or_style():
    for template in sorted(TEMPLATES.rglob("*.html")):
        text = template.read_text(encoding="utf-8")
        assert not re.search(r"<[^>]*\sstyle\s*=", text), template.name
        assert not re.search(r"<[^>]*\son\w+\s*=", text), template.name
        assert "<style" not in text, template.name
        for script in re.findall(r"<script([^>]*)>", text):
            assert "src=" in script or 'type="application/json"' in script, template.name


def test_all_templates_compile():
    names = [str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html")]
    assert "base.html" in names
    for name in names:
        environment().get_template(name)
    assert STATIC.is_dir()


def test_an_error_page_keeps_the_ways_on_for_who_is_signed_in(clerk, nobody):
    assert "Sign out" in clerk.get("/nothing").text
    assert "Sign out" not in nobody.get("/nothing").text
