import ast
import re
import runpy
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from shelfwise.cli.app import COMMANDS, app, load_command

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
SHELL_WORDS = {"|", ">", ">>", "&&", "||", ";", "<", "2>"}


def blocks(page: Path, *languages: str) -> Iterator[str]:
    for match in FENCE.finditer(page.read_text("utf-8")):
        if match[2] in languages:
            yield match[3]


def own_commands(line: str) -> Iterator[list[str]]:
    """The arguments of each ``shelfwise`` on a shell's line."""
    words = shlex.split(line.removeprefix("$ "), comments=True)
    part: list[str] = []
    for word in [*words, ";"]:
        if word not in SHELL_WORDS:
            part.append(word)
            continue
        while part and re.fullmatch(r"\w+=.*", part[0]):
            part.pop(0)
        if part and part[0] == "shelfwise":
            yield part[1:]
        part = []


def documented() -> Iterator[tuple[str, list[str]]]:
    for page in PAGES:
        for block in blocks(page, "console", "sh", "bash", "shell"):
            for line in block.replace("\\\n", " ").splitlines():
                for arguments in own_commands(line):
                    yield f"{page.relative_to(ROOT)}: {line.strip()}", arguments


def parse(arguments: list[str]) -> None:
    """Take a command line apart as the program does, without running anything."""
    command: Any = typer.main.get_command(app)
    context: Any = None
    name = "shelfwise"
    while True:
        try:
            context = command.make_context(name, arguments, parent=context)
        except typer.Exit:  # --help and --version end here
            return
        if not hasattr(command, "commands"):
            return
        name, command, arguments = command.resolve_command(context, [*context._protected_args, *context.args])


def leaves() -> Iterator[str]:
    """Every command that does something: ``train``, ``data list`` …"""
    for name in COMMANDS:
        parts = getattr(load_command(name), "commands", None)
        yield from (f"{name} {part}" for part in parts) if parts else (name,)


def test_there_are_pages() -> None:
    names = {str(page.relative_to(ROOT)) for page in PAGES}
    assert {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/cli.md"} <= names


DOCUMENTED = list(documented())


@pytest.mark.parametrize(
    "arguments", [each for _, each in DOCUMENTED], ids=[place for place, _ in DOCUMENTED]
)
def test_documented_command_parses(arguments: list[str]) -> None:
    parse(arguments)


def test_the_parser_of_these_tests_refuses_what_the_program_refuses() -> None:
    for wrong in (["nothing"], ["train", "--no-such-option"], ["models", "show"], ["models", "nothing"]):
        with pytest.raises(Exception, match=r".") as caught:
            parse(wrong)
        assert "UsageError" in {each.__name__ for each in type(caught.value).__mro__}


def test_every_command_is_documented() -> None:
    text = "\n".join(page.read_text("utf-8") for page in PAGES)
    missing = [leaf for leaf in leaves() if not re.search(rf"`shelfwise {leaf}\b", text)]
    assert missing == []


def test_command_reference_is_what_the_commands_say() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "cli_reference.py"))
    page = (ROOT / "docs" / "cli.md").read_text("utf-8")
    assert page == script["reference"](), "docs/cli.md is behind the commands: run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_relative_links_resolve(page: Path) -> None:
    text = FENCE.sub("", page.read_text("utf-8"))
    targets = [link.partition("#") for link in LINK.findall(text) if "://" not in link]
    wrong = [path for path, _, _ in targets if path and not (page.parent / path).exists()]
    wrong += [
        f"{path}#{anchor}"
        for path, _, anchor in targets
        if anchor and anchor not in anchors((page.parent / path) if path else page)
    ]
    assert wrong == []


def anchors(page: Path) -> set[str]:
    """The names that the headings of a page get on the usual hosts."""
    headings = re.findall(r"^#+ +(.+)$", FENCE.sub("", page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_examples_are_python(page: Path) -> None:
    for block in blocks(page, "python"):
        ast.parse(block)


def test_make_targets_that_are_documented_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {
        target for page in PAGES for target in re.findall(r"`make ([a-z-]+)", page.read_text("utf-8"))
    } | {
        target
        for page in PAGES
        for block in blocks(page, "console", "sh", "bash")
        for target in re.findall(r"^(?:\$ )?make ([a-z-]+)", block, re.MULTILINE)
    }
    assert named
    assert named <= targets


def test_architecture_page_names_every_room() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    package = ROOT / "src" / "shelfwise"
    rooms = [f"{path.name}/" for path in package.iterdir() if (path / "__init__.py").exists()]
    rooms += [path.name for path in package.glob("*.py") if not path.name.startswith("__")]
    assert [room for room in rooms if f"`{room}`" not in text] == []


def test_the_columns_of_stock_files_are_those_of_the_code() -> None:
    module = runpy.run_path(str(ROOT / "scripts" / "stock_files_page.py"))
    text = (ROOT / "docs" / "stock-files.md").read_text("utf-8")
    assert module["page"](text) == text, "run: python scripts/stock_files_page.py"
