import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelfwise.errors import PlanogramError, StorageError
from shelfwise.gtin import check_digit
from shelfwise.shelf.planogram import (
    Entry,
    Planogram,
    parse_planogram,
    planogram_text,
    read_planogram,
    write_planogram,
)
from shelfwise.shelf.planogram_files import SIZE

PLAN = Planogram(
    (
        (Entry("Oat milk, 1 l", 3, "drinks/milk", "4006381333931"), Entry(None, 2, "drinks")),
        (Entry('Crisps "hot"', 1),),
    ),
    "Aisle 3",
)


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_what_is_written_is_read_again(tmp_path, kind):
    path = tmp_path / f"plan.{kind}"
    write_planogram(PLAN, path)
    read = read_planogram(path)
    assert read.rows == PLAN.rows
    assert read.name == ("Aisle 3" if kind == "json" else None)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_csv_as_spreadsheets_write_it(separator, mark, end):
    lines = ["Row,Position,Product,Facings,Category", "2,1,b,1,", "1,4,c,2.0,snacks", "1,1,a,3,", "", ",,,,"]
    text = mark + end.join(line.replace(",", separator) for line in lines) + end
    read = parse_planogram(text.encode())
    assert read.rows == ((Entry("a", 3), Entry("c", 2, "snacks")), (Entry("b", 1),))
    assert parse_planogram(text) == read


def test_other_headings_and_encodings_are_understood():
    text = "shelf;place;name;facings;ean\n1;1;Müsli;2;4006381333931\n"
    wanted = ((Entry("Müsli", 2, gtin="4006381333931"),),)
    for encoding in ("utf-8", "cp1252", "utf-16"):
        assert parse_planogram(text.encode(encoding)).rows == wanted


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("row,position,product,facings\n", "no line below the heading"),
        ("row,position,product\n1,1,a\n", "no column 'facings'"),
        ("row,position,product,facing\n1,1,a,1\n", "'facing' is none of .* is 'facings' meant"),
        ("row,row,position,facings\n", "'row' is there twice"),
        ("row,position,product,facings\n1,1,a,0\n", "line 2: facings is '0': give a whole number"),
        ("row,position,product,facings\n1,1,a,1\n\n1,x,b,1\n", "line 4: position is 'x'"),
        ("row,position,product,facings\n1,1,a,1\n1,1,b,1\n", "line 3: row 1 has position 1 already"),
        ("row,position,product,facings\n1,1,a,1\n3,1,b,1\n", "no row 2: number the rows"),
        ("row,position,product,facings\n1,1,,1\n", "line 2: nothing says what stands there"),
        ("row,position,product,facings\n1,1,a,1,b,c\n", "line 2 has 6 cells"),
        ('row,position,product,facings\n1,1,"a"b,1\n', "line 2 is no CSV"),
        ("row,position,product,facings,gtin\n1,1,a,1,123\n", "line 2: '123' is no barcode number"),
        ("row,position,product,facings\n1,1,a\x07b,1\n", "line 2: product .* printable"),
        ('{"rows": [[{"product": "a"}]]}', "row 1, position 1, facings: this is missing"),
        (
            '{"rows": [[{"product": "a", "facings": "3"}]]}',
            'row 1, position 1, facings: give a whole number from 1 to 1000, not "3"',
        ),
        (
            '{"rows": [[{"product": "a", "facings": 0}]]}',
            "row 1, position 1, facings: give a whole number from 1 to 1000, not 0",
        ),
        ('{"rows": [[{"product": "a", "facings": 1}], []]}', "row 2: give a list of 1 to 500 entries"),
        ('{"rows": [[{"product": "", "facings": 1}]]}', "row 1: nothing says"),
        (
            '{"rows": [[{"product": "a", "facings": 1, "colour": 1}]]}',
            "colour: this is none of product, facings",
        ),
        ('{"rows": [[{"product": 7, "facings": 1}]]}', "product: give a text of at most 200 characters"),
        ('{"rows": [[7]]}', "row 1, position 1: give an entry"),
        ('{"rows": []}', "rows: give a list of 1 to 100 rows"),
        ('{"rows": [[{"product": "a", "facings": 1}]], "title": "x"}', "title: this is none of name, rows"),
        ('{"rows": [[{"product": "a", "facings": ' + "9" * 5000 + "}]]}", "no JSON"),
        ('{"rows": [[', "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("[1, 2]", r"the planogram: give \{"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text, message):
    with pytest.raises(PlanogramError, match=message) as failure:
        parse_planogram(text, "plan.csv")
    assert str(failure.value).startswith("plan.csv")


@pytest.mark.parametrize("text", ["hello", "row,position,facings\n1,1,a\n", '"rows"'])
def test_what_is_called_json_is_told_to_be_none(text):
    with pytest.raises(PlanogramError, match=r"^plan\.JSON: (this is no JSON|the planogram: give \{)"):
        parse_planogram(text, "plan.JSON")


def test_what_is_too_large_or_no_text_is_refused(tmp_path):
    path = tmp_path / "large.csv"
    path.write_bytes(b"a" * (SIZE + 1))
    with pytest.raises(PlanogramError, match="larger than 4 MiB"):
        read_planogram(path)
    with pytest.raises(PlanogramError, match="is no text"):
        parse_planogram(b"\x00\x01\x02")
    rows = "".join(f"1,{n},a,{1000}\n" for n in range(1, 3))
    with pytest.raises(PlanogramError, match="2000 facings"):
        parse_planogram("row,position,product,facings\n" + rows)
    rows = "".join(f"1,{n},a,1\n" for n in range(1, 502))
    with pytest.raises(PlanogramError, match="more than 500 entries"):
        parse_planogram("row,position,product,facings\n" + rows)
    with pytest.raises(PlanogramError, match="1 to 100 rows"):
        Planogram(((Entry("a", 1),),) * 101)


def test_a_file_that_is_not_there_and_a_folder_that_cannot_be(tmp_path):
    with pytest.raises(PlanogramError, match="cannot read the planogram"):
        read_planogram(tmp_path / "none.json")
    (tmp_path / "file").touch()
    with pytest.raises(StorageError):
        write_planogram(PLAN, tmp_path / "file" / "plan.json")


def test_no_cell_runs_as_a_formula():
    text = planogram_text(Planogram(((Entry("=1+1", 1), Entry("'=a", 1)),)), "csv")
    assert ",'=1+1," in text
    assert [entry.product for entry in parse_planogram(text).rows[0]] == ["=1+1", "'=a"]


@pytest.mark.parametrize("rows", [(), ((),), ((Entry(None, 1),),), ((Entry("a", 0),),)])
def test_a_planogram_without_content_is_refused(rows):
    with pytest.raises(PlanogramError, match="planogram"):
        Planogram(rows)


NAME = (
    st.text(min_size=1, max_size=30)
    .map(lambda text: " ".join(text.split()))
    .filter(lambda text: text and text.isprintable())
)
GTIN = st.text("123456789", min_size=12, max_size=12).map(lambda body: body + str(check_digit(body)))
ENTRY = st.builds(Entry, NAME | st.none(), st.integers(1, 5), NAME | st.none(), GTIN | st.none()).filter(
    lambda entry: entry.label
)


@given(rows=st.lists(st.lists(ENTRY, min_size=1, max_size=5).map(tuple), min_size=1, max_size=4))
def test_any_planogram_comes_back_from_both_kinds_of_files(rows):
    planogram = Planogram(tuple(rows))
    for kind in ("json", "csv"):
        text = planogram_text(planogram, kind)
        assert parse_planogram(text.encode()) == planogram
        assert json.loads(text) if kind == "json" else text.startswith("\ufeffrow,position")
