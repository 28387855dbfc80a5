import signal
import subprocess
import sys
from pathlib import Path

import pytest

from shelfwise.inference.products import ProductIndex, ProductStore

HOLDING = """
import sys, time
sys.path.insert(0, sys.argv[2])
from conftest import Making
from shelfwise.inference.products import ProductStore
with ProductStore(__import__("pathlib").Path(sys.argv[1])).staging() as staging:
    staging.put(Making.photo("held"), b"held")
    print("waiting", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def products(tmp_path):
    return ProductStore(tmp_path / "products")


def incoming(products):
    return list(products.folder.glob("incoming-*"))


def add(products, making, text):
    """One more photo; its copy comes the same way."""
    photo = making.enrolled(text, (1, 0))
    with products.staging() as staging:
        staging.put(photo.photo, text.encode())
        products.update(
            lambda index: (index or ProductIndex.empty(making.model)).add(text, [photo], now=making.now)[0],
            staging,
        )


def test_what_is_put_lies_on_the_disk_and_is_gone_at_the_end(products, making):
    with products.staging() as staging:
        path = staging.put(making.photo("a"), b"a")
        assert path.read_bytes() == b"a"
        assert list(staging.waiting()) == [(making.photo("a"), path)]
    assert incoming(products) == []


def test_where_nothing_is_put_nothing_is_made(products):
    with products.staging():
        pass
    assert not products.folder.exists()


def test_only_what_the_index_names_is_taken_over(products, making):
    with products.staging() as staging:
        staging.put(making.photo("wanted"), b"wanted")
        staging.put(making.photo("other"), b"other")
        photo = making.enrolled("wanted", (1, 0))
        empty = ProductIndex.empty(making.model)
        products.update(lambda _: empty.add("Cola", [photo], now=making.now)[0], staging)
    assert [path.read_bytes() for path in products.folder.glob("photos/*/*")] == [b"wanted"]
    assert incoming(products) == []


def test_others_write_while_copies_wait_and_leave_them_alone(products, making):
    with products.staging() as staging:
        path = staging.put(making.photo("a"), b"a")
        add(ProductStore(products.folder, wait=0), making, "b")
        assert path.read_bytes() == b"a"
    assert incoming(products) == []


def test_what_a_killed_process_left_is_removed_by_the_next_that_writes(products, making):
    command = [sys.executable, "-c", HOLDING, products.folder, Path(__file__).parent]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"waiting\n"
        add(products, making, "meanwhile")
        assert len(incoming(products)) == 1
        process.send_signal(signal.SIGKILL)
    add(products, making, "after")
    assert incoming(products) == []
    assert {product.name for product in products.read().products} == {"after", "meanwhile"}
