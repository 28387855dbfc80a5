"""Tests of the API's schema: that it says what there is, so that programs can be written from it alone."""

from shelfwise.web.api import GROUPS

METHODS = ("get", "post", "put", "patch", "delete")
DIRECT = {("post", "/api/v1/session")}


def operations(schema):
    for path, item in schema["paths"].items():
        for method in METHODS:
            if method in item:
                yield method, path, item[method]


def test_the_schema_is_served_and_is_openapi_3_1(nobody, schema):
    served = nobody.get("/api/v1/openapi.json").json()
    assert served["openapi"].startswith("3.1")
    assert served["paths"].keys() == schema["paths"].keys()


def test_no_page_of_documentation_comes_from_another_server(nobody):
    for path in ("/docs", "/redoc", "/api/v1/docs", "/openapi.json"):
        assert nobody.get(path).status_code == 404


def test_everything_has_a_summary_a_description_and_a_tag(schema):
    for method, path, operation in operations(schema):
        where = f"{method} {path}"
        assert operation["summary"], where
        assert operation.get("description"), where
        assert len(operation["tags"]) == 1, where


def test_names_of_operations_are_unique(schema):
    names = [operation["operationId"] for _, _, operation in operations(schema)]
    assert len(names) == len(set(names))


def test_problems_are_documented_as_problems(schema):
    for method, path, operation in operations(schema):
        for status in ("401", "403", "413", "422", "429", "503"):
            answer = operation["responses"].get(status)
            assert answer is not None, f"{method} {path} {status}"
            assert "application/problem+json" in answer["content"], f"{method} {path} {status}"


def test_what_is_named_in_a_path_may_be_missing(schema):
    for method, path, operation in operations(schema):
        if "{" in path and "exports" not in path and "imports" not in path and not path.endswith("/sessions"):
            assert "404" in operation["responses"], f"{method} {path}"


def test_every_operation_says_how_one_signs_in(schema):
    assert set(schema["components"]["securitySchemes"]) == {"session", "token"}
    for method, path, operation in operations(schema):
        if (method, path) not in DIRECT:
            assert {"session": []} in operation["security"], f"{method} {path}"
            if "{" not in path and path.endswith(("/stock", "/products")):
                assert {"token": []} in operation["security"]


def test_every_write_takes_an_idempotency_key(schema):
    for method, path, operation in operations(schema):
        if method != "get" and (method, path) not in DIRECT:
            names = {parameter["name"] for parameter in operation.get("parameters", [])}
            assert "Idempotency-Key" in names, f"{method} {path}"


def test_references_lead_somewhere(schema):
    parts = schema["components"]["schemas"]

    def look(node):
        if isinstance(node, dict):
            reference = node.get("$ref")
            if isinstance(reference, str):
                assert reference.rsplit("/", 1)[1] in parts, reference
            for value in node.values():
                look(value)
        elif isinstance(node, list):
            for value in node:
                look(value)

    look(schema)
    assert {"Problem", "ProblemField"} <= parts.keys()
    assert "HTTPValidationError" not in parts


def test_every_module_of_the_api_with_a_router_is_joined(app):
    from pathlib import Path

    import shelfwise.web.api

    folder = Path(shelfwise.web.api.__file__).parent
    with_routers = {
        path.stem for path in folder.glob("*.py") if "\nrouter = " in path.read_text(encoding="utf-8")
    }
    assert with_routers == set(GROUPS)
