"""The book of answers: what the model said of each photo, what is to be looked at, and what people said."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, Final, cast, get_args

from sqlalchemy import (
    ColumnElement,
    Connection,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    func,
    insert,
    select,
    true,
    update,
)

from shelfwise.answers.labels import clean_category
from shelfwise.answers.records import Answer, AnswerKind, NewAnswer, Verdict
from shelfwise.answers.rows import answer_of, chosen_answers, values_of
from shelfwise.answers.tables import RELIED_ON, answers
from shelfwise.database import Database, utc_now
from shelfwise.database.lists import among
from shelfwise.errors import ConflictError, EntryError, NotFoundError
from shelfwise.inventory.paging import Cursors, after, page_limit
from shelfwise.inventory.records import Page
from shelfwise.inventory.tables import categories, movements, products

__all__ = ["AnswerBook"]

_REVIEW: Final = Cursors("review", (int, int))
_AT_ONCE: Final = 500
_IDS: Final = range(1, 2**63)
_WAITS: Final = (answers.c.verdict.is_(None), answers.c.newer_id.is_(None))
"""Which answers a person is to be asked about: the condition of their indexes."""


def _behind() -> Select[Any]:
    """Movements with a photo and a model, and the last answers before them: in their store, and in none."""
    undone = movements.alias("undone")
    booked_at = func.coalesce(undone.c.booked_at, movements.c.booked_at)

    def last(store: ColumnElement[bool]) -> ScalarSelect[int]:
        same = and_(answers.c.photo == movements.c.photo, answers.c.model == movements.c.model, store)
        return (
            select(answers.c.id)
            .where(same, answers.c.at <= booked_at)
            # The store is one and the same. Without it PostgreSQL would sort all answers that have none.
            .order_by(answers.c.store_id.desc(), answers.c.at.desc(), answers.c.id.desc())
            .limit(1)
            .scalar_subquery()
        )

    return (
        select(
            movements.c.id,
            func.coalesce(undone.c.user_name, movements.c.user_name).label("user"),
            last(answers.c.store_id == movements.c.store_id).label("here"),
            last(answers.c.store_id.is_(None)).label("nowhere"),
        )
        .select_from(movements.outerjoin(undone, undone.c.id == movements.c.undoes_id))
        .where(
            among(movements.c.id, "numbers"),
            movements.c.photo.is_not(None),
            movements.c.model.is_not(None),
        )
    )


_BEHIND: Final = _behind()


class AnswerBook:
    """Keeps answers and verdicts on them.

    A person is asked about a photo once in a store, whatever it was asked for: the newest answer to it waits for a
    verdict, which holds for the older ones to that photo in that store too.

    Args:
        database: where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, new: Sequence[NewAnswer]) -> tuple[int, ...]:
        """Keep answers, all or none.

        Returns:
            Their numbers, in the same order.
        """
        rows = [values_of(each) for each in new]
        if not rows:
            return ()
        statement = insert(answers).returning(answers.c.id, sort_by_parameter_order=True)

        def work(connection: Connection) -> tuple[int, ...]:
            numbers = tuple(connection.execute(statement, rows).scalars())
            _take_places(connection, zip(numbers, new, strict=True))
            return numbers

        return self._database.write(work)

    def get(self, number: int) -> Answer:
        """One answer. Raises NotFoundError."""
        with self._database.read() as connection:
            return _answer(connection, number)

    def some(self, numbers: Collection[int]) -> list[Answer]:
        """The answers of these numbers, in the order of the numbers; those that are not there are left out."""
        statement = chosen_answers().where(answers.c.id.in_(sorted(set(numbers)))).order_by(answers.c.id)
        with self._database.read() as connection:
            return [answer_of(row) for row in connection.execute(statement)] if numbers else []

    def behind(self, numbers: Collection[int]) -> dict[int, Answer]:
        """The answers that movements come from, by the movements' numbers; those without one are left out.

        A movement's is the last one of its model to its photo that was there when it was booked, given in its store,
        or without a store to who booked it. What undoes a movement has the answer of that one. The work is bounded by
        the movements, however many answers there are.
        """
        with self._database.read() as connection:
            rows = connection.execute(_BEHIND, {"numbers": sorted(numbers)}).all() if numbers else []
            wanted = sorted({each for row in rows for each in (row.here, row.nowhere) if each is not None})
            statement = chosen_answers().where(answers.c.id.in_(wanted))
            found = {row.id: answer_of(row) for row in connection.execute(statement)} if wanted else {}
        behind: dict[int, Answer] = {}
        for row in rows:
            here, nowhere = found.get(row.here), found.get(row.nowhere)
            own = nowhere if nowhere is not None and nowhere.user == row.user else None
            last = max(
                (each for each in (here, own) if each), key=lambda each: (each.at, each.id), default=None
            )
            if last is not None:
                behind[row.id] = last
        return behind

    def review_queue(
        self,
        store_ids: Collection[int] | None = None,
        cursor: str | None = None,
        limit: int = 50,
        *,
        kinds: Collection[AnswerKind] | None = None,
        doubtful: bool = False,
    ) -> Page[Answer]:
        """Answers on which nobody has said anything yet, of each photo in a store the newest, most doubtful first.

        First come the unknown, then those about which a person is asked, also which product of a sure category it is,
        then the products that are relied on; within each the least sure ones first, and of equals the oldest.

        Args:
            store_ids: only answers of these stores; None for all, also those of no store.
            cursor: where the page before ended.
            limit: how many at most.
            kinds: only answers of these kinds; None for all.
            doubtful: only those about which a person is asked (not :attr:`Answer.relied_on`).

        Raises:
            EntryError: the cursor or the limit cannot be taken.
        """
        key = _REVIEW.decode(cursor)
        order = (answers.c.doubt, answers.c.id)
        conditions = [_open(store_ids, kinds, doubtful)] + ([after(order, key)] if key else [])
        statement = chosen_answers().where(*conditions).order_by(*order).limit(page_limit(limit) + 1)
        with self._database.read() as connection:
            rows = connection.execute(statement).all()
        last = rows[limit - 1] if len(rows) > limit else None
        following = _REVIEW.encode((last.doubt, last.id)) if last else None
        return Page(tuple(answer_of(row) for row in rows[:limit]), following)

    def counts(self, store_ids: Collection[int] | None = None, *, doubtful: bool = True) -> int:
        """How many answers wait for a person: of each photo in a store one at most.

        Args:
            store_ids: as for :meth:`review_queue`.
            doubtful: as for :meth:`review_queue`.
        """
        statement = select(func.count()).select_from(answers).where(_open(store_ids, None, doubtful))
        with self._database.read() as connection:
            return int(connection.execute(statement).scalar_one())

    def judge(
        self,
        number: int,
        verdict: Verdict,
        *,
        user: str,
        category: str | None = None,
        product_id: int | None = None,
        again: bool = False,
    ) -> Answer:
        """Say what is right about an answer. Saying the same twice changes nothing.

        What the photo shows holds for the other answers to it in the store that nobody has judged, or that this
        verdict is changed for as well: each is confirmed or corrected by what it had said itself.

        Args:
            number: of the answer.
            verdict: ``confirmed``: the answer's category and product are right; ``corrected``: ``category`` or
                ``product_id`` is; ``unknown``: it shows nothing that is known here; ``skipped``: left for now.
            user: who says so.
            category: what it shows. With a product alone, the product's category.
            product_id: which product it shows.
            again: change a verdict that there is already.

        Raises:
            NotFoundError: there is no such answer.
            EntryError: at ``verdict``, ``category`` or ``product_id``: what was given cannot be or is missing.
            ConflictError: somebody has said something else already.
        """
        if verdict not in get_args(Verdict):
            raise EntryError("verdict", f"{verdict!r} is none of {', '.join(get_args(Verdict))}")
        cleaned = None if category is None else clean_category(category)

        def work(connection: Connection) -> Answer:
            answer, others = _locked(connection, number)
            right = _right(connection, answer, verdict, cleaned, product_id)
            if (answer.verdict, answer.right_category, answer.right_product_id) == (verdict, *right):
                return answer
            if answer.verdict not in (None, "skipped") and not again:
                raise ConflictError(
                    f"this was judged before: {answer.judged_by} has said that it is {_said(answer)}"
                )
            said: dict[str, Any] = {"right_category": right[0], "right_product_id": right[1]}
            said |= {"judged_by": user, "judged_at": utc_now()}
            settled = [each for each in others if _goes_with(each, answer, verdict)]
            rows = [{"answer": number, "verdict": verdict, **said}]
            rows += [
                {"answer": each.id, "verdict": _verdict_on(each, verdict, right), **said} for each in settled
            ]
            connection.execute(update(answers).where(answers.c.id == bindparam("answer")), rows)
            return _answer(connection, number)

        return self._database.write(work)

    def judged(self, since: datetime | None = None) -> Iterator[Answer]:
        """All answers with a verdict, in the order of the verdicts; read some at a time, so any number may come.

        Args:
            since: only verdicts from this moment on.
        """
        key: tuple[Any, ...] | None = None
        order = (answers.c.judged_at, answers.c.id)
        while True:
            conditions: list[ColumnElement[bool]] = [answers.c.verdict.is_not(None)]
            conditions += [answers.c.judged_at >= since] if since is not None else []
            conditions += [after(order, key)] if key else []
            statement = chosen_answers().where(*conditions).order_by(*order).limit(_AT_ONCE)
            with self._database.read() as connection:
                rows = connection.execute(statement).all()
            yield from map(answer_of, rows)
            if len(rows) < _AT_ONCE:
                return
            key = (rows[-1].judged_at, rows[-1].id)


def _open(
    store_ids: Collection[int] | None, kinds: Collection[AnswerKind] | None, doubtful: bool
) -> ColumnElement[bool]:
    return and_(
        *_WAITS,
        true() if store_ids is None else answers.c.store_id.in_(sorted(store_ids)),
        true() if kinds is None else answers.c.kind.in_(sorted(kinds)),
        answers.c.doubt < RELIED_ON if doubtful else true(),
    )


def _take_places(connection: Connection, new: Iterable[tuple[int, NewAnswer]]) -> None:
    """Let new answers take the places of those that wait for a verdict on the same photo in the same store."""
    newest = {(each.photo, each.store_id): number for number, each in new}
    photos = sorted({photo for photo, _ in newest})
    rows: list[dict[str, int]] = []
    for start in range(0, len(photos), _AT_ONCE):
        waiting = select(answers.c.id, answers.c.photo, answers.c.store_id).where(
            answers.c.photo.in_(photos[start : start + _AT_ONCE]), *_WAITS
        )
        for row in connection.execute(waiting):
            number = newest.get((row.photo, row.store_id), row.id)
            rows += [{"answer": row.id, "newer_id": number}] if row.id < number else []
    if rows:
        # In the order of their numbers, so that no two wait for each other; one that is judged meanwhile stays so.
        statement = update(answers).where(answers.c.id == bindparam("answer"), answers.c.verdict.is_(None))
        connection.execute(statement, sorted(rows, key=itemgetter("answer")))


def _answer(connection: Connection, number: int) -> Answer:
    if number in _IDS:
        row = connection.execute(chosen_answers().where(answers.c.id == number)).one_or_none()
        if row is not None:
            return answer_of(row)
    raise NotFoundError(f"there is no answer {number}")


def _locked(connection: Connection, number: int) -> tuple[Answer, list[Answer]]:
    """An answer, and the others to its photo in its store; nobody else judges them until the transaction ends."""
    asked = _answer(connection, number)
    same = (answers.c.photo == asked.photo, answers.c.store_id.is_not_distinct_from(asked.store_id))
    connection.execute(select(answers.c.id).where(*same).order_by(answers.c.id).with_for_update())
    rows = connection.execute(chosen_answers().where(*same).order_by(answers.c.id))
    found = {row.id: answer_of(row) for row in rows}
    return found.pop(number), list(found.values())


def _goes_with(other: Answer, before: Answer, verdict: Verdict) -> bool:
    """Whether a verdict on an answer, which was as it is ``before``, holds for another one to the same photo."""
    if other.verdict is None:
        return True
    if before.judged_at is not None and (other.judged_by, other.judged_at) == (
        before.judged_by,
        before.judged_at,
    ):
        return True  # settled with it before
    return other.verdict == "skipped" and verdict != "skipped"


def _verdict_on(other: Answer, verdict: Verdict, right: tuple[str | None, int | None]) -> Verdict:
    """What is said of another answer to the photo: by what is right, it was itself right or not."""
    if verdict in ("unknown", "skipped"):
        return verdict
    return "confirmed" if (other.category, other.product_id) == right else "corrected"


def _right(
    connection: Connection, answer: Answer, verdict: Verdict, category: str | None, product_id: int | None
) -> tuple[str | None, int | None]:
    """What the photo shows by this verdict: the category and the product."""
    if verdict in ("unknown", "skipped"):
        if category is not None or product_id is not None:
            field = "category" if category is not None else "product_id"
            raise EntryError(field, f"cannot be given with the verdict {verdict}")
        return None, None
    if verdict == "confirmed":
        category, product_id = category or answer.category, product_id or answer.product_id
        if (category, product_id) != (answer.category, answer.product_id):
            raise EntryError("verdict", "something else than the answer is given: say corrected")
        if category is None and product_id is None:
            raise EntryError(
                "verdict", "the answer says nothing that could be right: say corrected or unknown"
            )
    elif category is None and product_id is None:
        raise EntryError("category", "say what it is: give a category or a product")
    own = None if product_id is None else _category_of(connection, product_id)
    return category or own, product_id


def _category_of(connection: Connection, product_id: int) -> str | None:
    """The category of a product. Raises EntryError where there is no such product."""
    joined = products.outerjoin(categories, categories.c.id == products.c.category_id)
    statement = select(categories.c.name).select_from(joined).where(products.c.id == product_id)
    row = connection.execute(statement).one_or_none() if product_id in _IDS else None
    if row is None:
        raise EntryError("product_id", f"there is no product {product_id}")
    return cast("str | None", row[0])


def _said(answer: Answer) -> str:
    shown = answer.right_product or answer.right_category
    return shown if shown and answer.verdict != "unknown" else "unknown"
