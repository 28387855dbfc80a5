import hashlib
import io

from PIL import Image

from shelfwise.datasets.checks.photos import inspect, inspect_all


def test_facts_of_a_photo(tmp_path, paint):
    paint(1, (640, 480)).save(tmp_path / "a.jpg", quality=90)
    facts = inspect(tmp_path, "a.jpg")
    assert facts.problem is None
    assert facts.kind == "JPEG"
    assert facts.size == (640, 480)
    assert facts.sha256 == hashlib.sha256((tmp_path / "a.jpg").read_bytes()).hexdigest()
    assert facts.looks is not None and facts.looks.contrast > 20
    assert facts.phash is not None
    assert facts.thumbnail is not None and facts.thumbnail.shape == (16, 16, 3)


def test_a_turned_photo_is_measured_as_shown(tmp_path, paint):
    exif = Image.Exif()
    exif[0x0112] = 6
    paint(1, (200, 100)).save(tmp_path / "a.jpg", exif=exif)
    assert inspect(tmp_path, "a.jpg").size == (100, 200)


def test_a_blank_picture_has_no_hash_to_be_near_to(tmp_path):
    Image.new("RGB", (100, 100), (200, 10, 10)).save(tmp_path / "a.png")
    facts = inspect(tmp_path, "a.png")
    assert facts.problem is None and facts.looks is not None
    assert facts.phash is None and facts.thumbnail is None


def test_what_cannot_be_read_is_a_fact(tmp_path, paint):
    whole = io.BytesIO()
    paint(1).save(whole, "JPEG")
    (tmp_path / "cut.jpg").write_bytes(whole.getvalue()[:2000])
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("hello")
    (tmp_path / "folder.jpg").mkdir()
    names = ("cut.jpg", "empty.jpg", "text.jpg", "folder.jpg", "none.jpg")
    problems = {name: inspect(tmp_path, name).problem for name in names}
    assert (problems["cut.jpg"] or "").startswith("truncated")
    assert problems["empty.jpg"] == "file is empty"
    assert problems["text.jpg"] == "not a picture"
    assert problems["folder.jpg"] == "is a folder"
    assert problems["none.jpg"] == "no such file"
    assert inspect(tmp_path, "cut.jpg").size == (160, 120)


def test_extreme_shapes_are_measured(tmp_path, paint):
    for size in ((1, 1), (1, 500), (3, 3), (2000, 2)):
        paint(1, size).save(tmp_path / "a.png")
        assert inspect(tmp_path, "a.png").size == size


def test_photos_come_in_order_with_progress(tmp_path, paint, monkeypatch):
    monkeypatch.setattr("shelfwise.datasets.checks.photos._BATCH", 4)
    names = [f"{number}.png" for number in range(10)]
    for number, name in enumerate(names):
        paint(number, (40 + number, 40)).save(tmp_path / name)
    steps = []
    facts = list(inspect_all(tmp_path, names, lambda done, total: steps.append((done, total))))
    assert [each.path for each in facts] == names
    assert [each.size for each in facts] == [(40 + number, 40) for number in range(10)]
    assert steps == [(done, 10) for done in range(1, 11)]
