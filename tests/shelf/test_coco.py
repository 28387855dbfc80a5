"""Marked-out products as a COCO dataset."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shelfwise.shelf.coco import PRODUCT, MarkedPhoto, coco_dataset
from shelfwise.shelf.facings import Facing, Named


def facing(named, box=(1.0, 2.0, 11.0, 22.5)):
    return Facing(box, 0.9, named, 1, 1, 1)


def test_accepted_names_are_categories_and_all_else_is_a_product():
    named = [
        Named("accept", "Cola", "drinks"),
        Named("accept", None, "tea"),
        Named("ask", None, "tea"),
        Named("unknown"),
    ]
    dataset = coco_dataset([MarkedPhoto("a.jpg", 100, 80, [facing(each) for each in named])])
    names = {each["id"]: each["name"] for each in dataset["categories"]}
    assert [names[each["category_id"]] for each in dataset["annotations"]] == [
        "Cola",
        "tea",
        PRODUCT,
        PRODUCT,
    ]
    assert names[1] == PRODUCT
    assert [each["answer"] for each in dataset["annotations"]] == ["accept", "accept", "ask", "unknown"]


def test_photos_without_products_are_kept():
    dataset = coco_dataset(
        [MarkedPhoto("a.jpg", 100, 80, []), MarkedPhoto("b.jpg", 10, 8, [facing(Named("unknown"))])]
    )
    assert [each["file_name"] for each in dataset["images"]] == ["a.jpg", "b.jpg"]
    assert [each["image_id"] for each in dataset["annotations"]] == [2]


@given(st.lists(st.tuples(*[st.floats(0, 5000)] * 4), max_size=20))
def test_boxes_come_back_within_a_hundredth_of_a_pixel(corners):
    boxes = [(min(a, c), min(b, d), max(a, c) + 1, max(b, d) + 1) for a, b, c, d in corners]
    photo = MarkedPhoto("a.jpg", 6000, 6000, [facing(Named("unknown"), box) for box in boxes])
    told = [each["bbox"] for each in coco_dataset([photo])["annotations"]]
    back = np.array([(x, y, x + w, y + h) for x, y, w, h in told]).reshape(-1, 4)
    np.testing.assert_allclose(back, np.array(boxes).reshape(-1, 4), atol=0.011)
    assert len({each["id"] for each in coco_dataset([photo])["annotations"]}) == len(boxes)
