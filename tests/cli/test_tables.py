import io

from shelfwise.cli.tables import console, examples_text, table


def test_columns_are_aligned_and_wide_rows_stay_whole_off_a_terminal() -> None:
    rows = table("Name", ">Photos", title="Sets")
    rows.add_row("a" * 120, "7")
    rows.add_row("[b]", "1,000")
    text = io.StringIO()
    console(text).print(rows)
    title, _, heading, *_ = (line.strip() for line in text.getvalue().splitlines())
    assert title == "Sets"
    assert heading.split() == ["Name", "Photos"]
    assert "a" * 120 in text.getvalue()
    assert "[b]" in text.getvalue()


def test_examples_are_lines_of_their_own_and_no_markup() -> None:
    assert examples_text(["greet [Ann]", "leave"]) == "Examples:\n\n  greet \\[Ann]\n\n  leave"
