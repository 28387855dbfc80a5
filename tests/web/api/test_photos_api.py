import io

import pytest
from PIL import Image


@pytest.fixture
def stored(shop, goods, photo):
    sha256 = shop.photos.add(photo(size=900)).sha256
    shop.catalogue.add_product_photo(goods.tea, sha256)
    return sha256


def test_a_photo_is_served_as_itself_and_nothing_else(reader, stored):
    answer = reader.get(f"/api/v1/photos/{stored}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "immutable" in answer.headers["cache-control"]
    assert "private" in answer.headers["cache-control"]
    assert "sandbox" in answer.headers["content-security-policy"]
    assert Image.open(io.BytesIO(answer.content)).size == (900, 900)


def test_a_thumbnail_is_small(reader, stored):
    answer = reader.get(f"/api/v1/photos/{stored}?size=thumb")
    assert answer.headers["content-type"] == "image/jpeg"
    assert max(Image.open(io.BytesIO(answer.content)).size) == 320


def test_who_has_it_already_is_told_so(reader, stored):
    tag = reader.get(f"/api/v1/photos/{stored}").headers["etag"]
    again = reader.get(f"/api/v1/photos/{stored}", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    small = reader.get(f"/api/v1/photos/{stored}?size=thumb", headers={"If-None-Match": tag})
    assert small.status_code == 200


def test_only_who_is_signed_in_sees_photos(nobody, with_token, stored):
    assert nobody.get(f"/api/v1/photos/{stored}").status_code == 401
    assert with_token("reader", {"read"}).get(f"/api/v1/photos/{stored}").status_code == 200
    assert with_token("reader", {"book"}).get(f"/api/v1/photos/{stored}").status_code == 403


def test_photos_of_other_stores_are_not_there(admin, reader, clerk, photo, goods):
    files = [("photos", ("a.png", photo()))]
    (there,) = admin.post(f"/api/v1/classify?store={goods.other}", files=files).json()["answers"]
    for address in (f"/api/v1/photos/{there['photo']}", f"/api/v1/photos/{there['photo']}?size=thumb"):
        assert admin.get(address).status_code == 200
        assert reader.get(address).status_code == 404
        tag = {"If-None-Match": f'"{there["photo"]}-full"'}
        assert reader.get(address, headers=tag).status_code == 404
    # The same photo taken in their own store is theirs too.
    clerk.post(f"/api/v1/classify?store={goods.store}", files=files)
    assert reader.get(f"/api/v1/photos/{there['photo']}").status_code == 200


@pytest.mark.parametrize(
    "name", ["0" * 64, "F" * 64, "..%2f..%2fstock.db", "abc", "%00" * 64, "0" * 63 + "%0a"]
)
def test_other_names_lead_nowhere(reader, stored, name):
    assert reader.get(f"/api/v1/photos/{name}").status_code in (404, 422)


def test_no_other_sizes(reader, stored):
    assert reader.get(f"/api/v1/photos/{stored}?size=huge").status_code == 422
