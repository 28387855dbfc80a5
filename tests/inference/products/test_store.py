import contextlib
import errno
import hashlib
import io
import os
import pickle
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shelfwise.errors import ProductError, ProductIndexError, StorageError
from shelfwise.inference.products import ProductIndex, ProductStore, store

PHOTOS = ("a", "b", "c")


def add(products, making, *texts, name="Cola"):
    """Add photos with their copies."""
    photos = [making.enrolled(text, np.random.default_rng(len(text)).standard_normal(4)) for text in texts]

    def change(index):
        index = index or ProductIndex.empty(making.model)
        return index.add(name, photos, now=making.now)[0]

    with products.staging() as staging:
        for photo, text in zip(photos, texts, strict=True):
            staging.put(photo.photo, text.encode())
        return products.update(change, staging)


@pytest.fixture
def products(tmp_path, making):
    made = ProductStore(tmp_path / "products")
    add(made, making, *PHOTOS)
    return made


def content(folder):
    return {
        path.relative_to(folder): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


def manifest(products):
    return products.folder / "index.json"


def signed(text):
    """A manifest whose checksum is right, whatever it says."""
    blank = re.sub(rb'^\{"digest":"\w*"', b'{"digest":"' + b"0" * 64 + b'"', text)
    return blank.replace(b"0" * 64, hashlib.sha256(blank).hexdigest().encode(), 1)


def changed(products, old, new):
    text = manifest(products).read_bytes()
    assert old in text
    manifest(products).write_bytes(signed(text.replace(old, new, 1)))


def test_it_is_read_as_it_was_written(products, making, tmp_path):
    written = add(ProductStore(tmp_path / "other"), making, *PHOTOS)
    read = products.read()
    assert (read.model, read.prior, read.products) == (written.model, written.prior, written.products)
    assert read.calibration == written.calibration
    assert np.array_equal(read.embeddings, written.embeddings)
    assert [products.kept(photo) for photo in read.products[0].photos] == [
        text.encode() for text in sorted(PHOTOS, key=lambda text: making.photo(text).sha256)
    ]


def test_an_empty_index_is_read_as_it_was_written(tmp_path, making):
    products = ProductStore(tmp_path)
    products.update(lambda _: ProductIndex.empty(making.model))
    assert products.read().products == ()


def test_nothing_there_is_no_index(tmp_path):
    assert ProductStore(tmp_path / "none").read() is None
    assert not ProductStore(tmp_path / "none").exists()


def test_equal_contents_are_equal_files(tmp_path, making, products):
    other = ProductStore(tmp_path / "other")
    for text in reversed(PHOTOS):
        add(other, making, text)
    assert content(other.folder) == content(products.folder)


def test_no_change_writes_nothing(products, making):
    before = {path: path.stat().st_mtime_ns for path in products.folder.rglob("*") if path.name != ".lock"}
    add(products, making, "a")
    after = {path: path.stat().st_mtime_ns for path in products.folder.rglob("*") if path.name != ".lock"}
    assert after == before


def test_what_is_removed_leaves_no_copy(products):
    products.update(lambda index: index.remove("Cola")[0])
    assert [path.name for path in products.folder.rglob("*") if path.is_file()] != []
    assert list(products.folder.glob("photos/*/*")) == []
    assert len(list(products.folder.glob("embeddings-*"))) == 1


@contextlib.contextmanager
def full_disk(monkeypatch, fails_at):
    """The disk is full when something is written for good for the so-manieth time; gives how often it was."""
    calls = []

    def full(descriptor, real=os.fsync):
        calls.append(descriptor)
        if len(calls) == fails_at + 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        yield calls


def synced(monkeypatch, work):
    """How often something is written for good."""
    with full_disk(monkeypatch, -1) as calls:
        work()
    return len(calls)


@pytest.mark.parametrize("fails_at", range(12))
def test_a_full_disk_leaves_the_index_as_it_was(products, making, tmp_path, monkeypatch, fails_at):
    before = content(products.folder)
    writes = synced(monkeypatch, lambda: add(ProductStore(tmp_path / "same"), making, "new", "newer"))
    with full_disk(monkeypatch, fails_at):
        if fails_at >= writes:
            add(products, making, "new", "newer")
            assert len(products.read().products[0].photos) == 5
            return
        with pytest.raises(StorageError, match="the disk is full"):
            add(products, making, "new", "newer")
    # The last one is that of the folder, when the index is there already.
    if fails_at < writes - 1:
        assert content(products.folder) == before
    assert len(products.read().products[0].photos) in (3, 5)
    add(products, making, "new", "newer")
    assert len(products.read().products[0].photos) == 5


KILLED = """
import sys
sys.path.insert(0, sys.argv[2])
import numpy as np
from conftest import Making
from shelfwise.inference.products import ProductIndex, ProductStore
store = ProductStore(__import__("pathlib").Path(sys.argv[1]))
def grown(index):
    index = index or ProductIndex.empty(Making.model)
    return index.add(f"P{number % 7}", [photo], now=Making.now)[0]

for number in range(100_000):
    photo = Making.enrolled(number, np.random.default_rng(number).standard_normal(300))
    with store.staging() as staging:
        staging.put(photo.photo, str(number).encode())
        store.update(grown, staging)
    print(number, flush=True)
"""


@pytest.mark.parametrize("wait", [0.0, 0.003, 0.008, 0.013])
def test_killed_at_any_moment_leaves_a_whole_index(tmp_path, making, wait):
    folder = tmp_path / "products"
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, folder, Path(__file__).parent], stdout=subprocess.PIPE, text=True
    )
    with process:
        for _ in range(6):
            last = int(process.stdout.readline())
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        told = process.stdout.read().split()
    last = int(told[-1]) if told else last
    products = ProductStore(folder, wait=5)
    index = products.read()
    count = sum(len(product.photos) for product in index.products)
    assert count in (last + 1, last + 2)
    for product in index.products:
        for photo in product.photos:
            products.kept(photo)
    # The lock died with its holder, and what was half done is tidied up.
    products.update(lambda index: index.remove("P0")[0])
    assert [*folder.rglob("*.tmp"), *folder.glob("incoming-*")] == []
    assert len(list(folder.glob("embeddings-*"))) == 1
    wanted = {photo.sha256 for product in products.read().products for photo in product.photos}
    assert {path.name for path in folder.glob("photos/*/*")} == wanted


def test_two_processes_adding_at_once_lose_nothing(tmp_path, making):
    script = KILLED.replace("range(100_000)", "range(int(sys.argv[3]), int(sys.argv[3]) + 8)")
    command = [sys.executable, "-c", script, tmp_path / "products", Path(__file__).parent]
    running = [subprocess.Popen([*command, str(start)], stdout=subprocess.PIPE) for start in (0, 100, 200)]
    for process in running:
        process.communicate(timeout=120)
    assert [process.returncode for process in running] == [0, 0, 0]
    index = ProductStore(tmp_path / "products").read()
    found = {photo.sha256 for product in index.products for photo in product.photos}
    assert found == {making.photo(n).sha256 for s in (0, 100, 200) for n in range(s, s + 8)}


def test_a_reader_meets_a_whole_index_while_another_writes(products, making):
    done = threading.Event()
    failures = []

    def read():
        while not done.is_set():
            try:
                products.read()
            except ProductError as error:
                failures.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(40):
        add(products, making, f"w{number}", name=f"P{number % 3}")
    done.set()
    reader.join()
    assert failures == []


def test_waiting_for_another_writer_ends(products, making):
    with products.locked(), pytest.raises(StorageError, match="another shelfwise has been writing"):
        add(ProductStore(products.folder, wait=0.05), making, "x")


def test_a_folder_that_cannot_be_made_is_said(tmp_path, making):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot write"):
        add(ProductStore(tmp_path / "file" / "products"), making, "x")


@settings(max_examples=40)
@given(st.data())
def test_one_changed_byte_anywhere_is_found(tmp_path_factory, making, data):
    products = ProductStore(tmp_path_factory.mktemp("byte"))
    add(products, making, *PHOTOS)
    (matrix,) = products.folder.glob("embeddings-*")
    path = data.draw(st.sampled_from([manifest(products), matrix]))
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    with pytest.raises(ProductIndexError, match=re.escape(str(products.folder))):
        products.read()


@settings(max_examples=60)
@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_are_an_index_or_an_error(tmp_path_factory, junk, with_checksum):
    folder = tmp_path_factory.mktemp("junk")
    data = signed(b'{"digest":"",' + junk) if with_checksum else junk
    (folder / "index.json").write_bytes(data)
    with pytest.raises(ProductIndexError):
        ProductStore(folder).read()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b'"version":1', b'"version":2', "format version 2.*reads version 1"),
        (b'"version":1', b'"version":"1"', "index.json"),
        (b'"features":4', b'"features":-4', "features"),
        (b'"features":4', b'"features":99999999', "features"),
        (b'"features":4', b'"features":5', "not float16 of shape|its length"),
        (b'"name":"Cola"', b'"name":" Cola"', "name"),
        (b'"name":"Cola"', b'"name":"\\u001b[2J"', "name"),
        (b'"gtin":null', b'"gtin":"4006381333930"', "gtin"),
        (b'"name":"toy"', b'"name":"toy","more":1', "more"),
        (b'"threshold":', b'"threshold":1e99,"x":', "threshold"),
    ],
)
def test_a_hostile_list_is_refused_by_name(products, old, new, says):
    changed(products, old, new)
    with pytest.raises(ProductIndexError, match=says):
        products.read()


def test_deeply_nested_json_is_refused(products):
    manifest(products).write_bytes(signed(b'{"digest":"",' + b'"x":' + b"[" * 100_000))
    with pytest.raises(ProductIndexError):
        products.read()


def test_a_photo_that_stands_there_twice_is_refused(products, making):
    text = manifest(products).read_bytes()
    first = making.photo(min(PHOTOS, key=lambda t: making.photo(t).sha256)).sha256.encode()
    for other in (making.photo(text).sha256.encode() for text in PHOTOS):
        text = text.replace(other, first)
    manifest(products).write_bytes(signed(text))
    with pytest.raises(ProductIndexError, match="a photo stands there twice"):
        products.read()


class Marker:
    def __reduce__(self):
        return (pytest.fail, ("it was unpickled",))


def pickled():
    return pickle.dumps(Marker())


def object_array():
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.array([Marker()], object), allow_pickle=True)
    return buffer.getvalue()


def array(values, kind="<f2"):
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asarray(values).astype(kind))
    return buffer.getvalue()


def endless():
    header = b"{'descr': '<f2', 'fortran_order': False, 'shape': (3, 4), }".ljust(118) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header


@pytest.mark.parametrize(
    "hostile",
    [
        pickled(),
        object_array(),
        array(np.ones((3, 4)), "<f8"),
        array(np.full((3, 4), np.nan)),
        array(np.full((3, 4), 60000)),
        array(np.zeros((3, 4))),
        array(np.asfortranarray(np.full((3, 4), 0.5))),
        array(np.full((4, 3), 0.5)),
        endless(),
        b"",
    ],
)
def test_hostile_embeddings_with_a_right_checksum_are_refused(products, hostile):
    (matrix,) = products.folder.glob("embeddings-*")
    old = hashlib.sha256(matrix.read_bytes()).hexdigest()
    new = hashlib.sha256(hostile).hexdigest()
    (products.folder / f"embeddings-{new[:16]}.npy").write_bytes(hostile)
    changed(products, old.encode(), new.encode())
    with pytest.raises(ProductIndexError, match=r"damaged.*products rebuild"):
        products.read()


def test_missing_embeddings_say_how_to_make_them_anew(products):
    for path in products.folder.glob("embeddings-*"):
        path.unlink()
    with pytest.raises(ProductIndexError, match=r"missing.*shelfwise products rebuild"):
        products.read()
    assert products.read_products()[1][0].name == "Cola"


def test_a_pipe_in_place_of_a_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "index.json")
    with pytest.raises(ProductIndexError):
        ProductStore(tmp_path).read()


def test_damaged_and_missing_copies_are_named(products):
    photo = products.read().products[0].photos[0]
    path = products.folder / "photos" / photo.sha256[:2] / photo.sha256
    path.write_bytes(b"z")
    with pytest.raises(ProductIndexError, match=f"the copy of {photo.name} is damaged"):
        products.kept(photo)
    path.unlink()
    with pytest.raises(ProductIndexError, match="is missing"):
        products.kept(photo)


def test_a_copy_that_cannot_be_read_now_is_not_taken_for_lost(products):
    photo = products.read().products[0].photos[0]
    path = products.folder / "photos" / photo.sha256[:2] / photo.sha256
    path.unlink()
    path.mkdir()  # stands for a disk that fails for a moment
    with pytest.raises(StorageError, match="cannot be read"):
        products.kept(photo)


def test_a_reader_that_is_overtaken_looks_again(products, making, monkeypatch):
    real = store.ProductStore._manifest
    late = []

    def overtaken(self):
        found = real(self)
        if not late:
            late.append(1)
            add(products, making, "late")
        return found

    monkeypatch.setattr(store.ProductStore, "_manifest", overtaken)
    assert len(ProductStore(products.folder).read().products[0].photos) == 4
