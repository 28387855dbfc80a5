import pytest


def test_an_empty_folder_is_an_empty_category_and_reported_once(shop, checked, of_kind):
    (shop / "Jam").mkdir()
    (found,) = of_kind(checked(shop), "empty-category")
    assert "Jam" in found.message
    assert found.severity == "error"


def test_a_folder_with_no_photo_among_its_files(shop, checked, of_kind):
    (shop / "Jam").mkdir()
    (shop / "Jam" / "todo.txt").write_text("photograph the jam")
    (shop / ".cache").mkdir()
    (found,) = of_kind(checked(shop), "empty-category")
    assert found.message == "the folder Jam holds no photos"


def test_a_nested_empty_category_is_reported_once(shop, paint, checked, of_kind):
    (shop / "Fruit" / "Apple").mkdir(parents=True)
    assert len(of_kind(checked(shop), "empty-category")) == 1


def test_folders_of_a_list_layout_that_hold_other_files_are_left_alone(shop, checked, of_kind):
    lines = [f"{path.relative_to(shop)} {path.parent.name}" for path in sorted(shop.glob("*/*.png"))]
    (shop / "train.txt").write_text("\n".join(lines[1:]) + "\n")
    (shop / "notes").mkdir()
    (shop / "notes" / "a.txt").write_text("x")
    (shop / "hollow").mkdir()
    report = checked(shop)
    assert [found.message for found in of_kind(report, "empty-category")] == [
        "the folder hollow holds no photos"
    ]
    (unused,) = of_kind(report, "unused")
    assert unused.message == "1 picture in Rice/"
    assert [photo.path for photo in unused.photos] == ["Rice/00.png"]
    assert unused.severity == "info"


@pytest.mark.realdata
def test_iconic_pictures_of_grocery_store_are_unused(real_data):
    from shelfwise.datasets.checks.folders import find_in_folder
    from shelfwise.datasets.checks.photos import PhotoFacts
    from shelfwise.datasets.checks.survey import Survey
    from shelfwise.datasets.layouts import read_dataset

    dataset = read_dataset(real_data / "grocery-store")
    facts = tuple(PhotoFacts(sample.path) for sample in dataset.samples)
    found = list(find_in_folder(Survey(dataset, {}, facts, tuple(range(len(facts))))))
    assert [(each.kind, each.value) for each in found] == [("unused", 81)]
