"""Whatever was acknowledged is in the book after the program was killed, and levels fit it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import shelfwise
from shelfwise.database import open_database
from shelfwise.inventory.checks import check_book
from shelfwise.inventory.ledger import Ledger

SCRIPT = Path(__file__).parent / "book_until_killed.py"


def test_what_was_acknowledged_outlives_kill_9(small_shop, small_shops):
    url = small_shop.database.url.render_as_string(hide_password=False)
    product = small_shop.product()
    given = [url, product.id, small_shop.shelf.id, small_shop.back.id]
    environment = os.environ | {"PYTHONPATH": str(Path(shelfwise.__file__).parents[1])}
    with subprocess.Popen(
        [sys.executable, SCRIPT, *map(str, given)], stdout=subprocess.PIPE, env=environment
    ) as child:
        first = child.stdout.readline()
        time.sleep(0.5)
        os.kill(child.pid, signal.SIGKILL)
        said = first + child.stdout.read()
    assert child.returncode == -signal.SIGKILL
    acknowledged = [[int(word) for word in line.split()] for line in said.splitlines()]
    assert acknowledged
    with open_database(url) as reopened:
        ledger = Ledger(reopened)
        for booking_id, *movement_ids in acknowledged:
            booking = ledger.booking(booking_id)
            assert [each.id for each in booking.movements] == movement_ids
        assert check_book(reopened) == ()
    found = small_shop.all_movements()
    assert small_shop.level(product) == small_shops.reckoned(found)[product.id, small_shop.shelf.id]
