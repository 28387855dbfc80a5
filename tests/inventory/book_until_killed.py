"""Books from several threads and says which movements were acknowledged, until somebody kills it."""

import os
import sys
import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from shelfwise.database import open_database
from shelfwise.inventory.ledger import Ledger
from shelfwise.inventory.records import Line


def main() -> None:
    url, product, shelf, back = sys.argv[1], *map(int, sys.argv[2:])
    ledger = Ledger(open_database(url))

    def work(number: int) -> None:
        step = 0
        while True:
            step += 1
            at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=step % 7)
            kind = ("received", "sold", "counted", "received")[step % 4]
            lines = [Line(kind, product, shelf, Decimal(step % 5 + 1), at)]
            if step % 3 == 0:
                lines.append(Line("moved", product, shelf, Decimal(1), at, to_location_id=back))
            booking = ledger.book(lines, user=f"user {number}", key=f"{number}-{step}")
            # One write of one line: several threads' lines do not mix.
            os.write(1, f"{booking.id} {' '.join(str(each.id) for each in booking.movements)}\n".encode())

    for number in range(4):
        threading.Thread(target=work, args=(number,)).start()


if __name__ == "__main__":
    main()
