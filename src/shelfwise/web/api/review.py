"""Answers that a person should look at, and what they say of them."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Query

from shelfwise.accounts.records import Actor
from shelfwise.answers.records import Answer
from shelfwise.errors import ForbiddenError
from shelfwise.web.access import Audit, Classifying, TheShop
from shelfwise.web.api.answer_schemas import AnswersOut, ReviewOut, VerdictIn
from shelfwise.web.api.fields import OptionalId, PathId, QueryId
from shelfwise.web.api.places import may_use_answer
from shelfwise.web.api.schemas import PageOf, Pages, group, page_of, problems
from shelfwise.workflows.shop import Shop
from shelfwise.workflows.shop_products import judge

__all__ = ["router"]

router = group("Review")

_MOST: Final = 200


@router.get("/review", summary="List answers to look at", responses=problems(404))
def queue(shop: TheShop, actor: Classifying, pages: Pages, store: OptionalId = None) -> PageOf[ReviewOut]:
    """List the answers that nobody has judged yet, the least sure ones first. Clerks."""
    if store is not None:
        actor.require("clerk", store, scope="classify")
        shop.catalogue.store(store)
    stores = actor.stores() if store is None else frozenset({store})
    if stores is not None:
        stores = frozenset(each for each in stores if actor.allows("clerk", each, scope="classify"))
    page = shop.answers.review_queue(stores, pages.cursor, pages.limit)
    return page_of(page, ReviewOut.of)


# Before the address of one answer, which would take "answers" for a number.
@router.get("/review/answers", summary="Get some answers")
def some_answers(
    shop: TheShop,
    actor: Classifying,
    ids: Annotated[
        list[QueryId],
        Query(min_length=1, max_length=_MOST, description="The answers' numbers: `ids=7&ids=8`."),
    ],
) -> AnswersOut:
    """Get up to 200 answers at once, each with the verdict on it once there is one. Clerks.

    Answers that are not there or not yours to judge are left out.
    """
    found = [each for each in shop.answers.some(ids) if may_use_answer(actor, each, "clerk", "classify")]
    return AnswersOut(items=[ReviewOut.of(each) for each in found])


@router.get("/review/{answer_id}", summary="Get an answer", responses=problems(404))
def get_answer(shop: TheShop, actor: Classifying, answer_id: PathId) -> ReviewOut:
    """Get an answer, with the verdict on it once there is one. Clerks."""
    return ReviewOut.of(_answer(shop, actor, answer_id))


@router.post("/review/{answer_id}", summary="Judge an answer", responses=problems(404, 409))
def judge_answer(
    shop: TheShop, actor: Classifying, audit: Audit, answer_id: PathId, entry: VerdictIn
) -> ReviewOut:
    """Say whether an answer was right, and if not, what the photo shows. Clerks.

    A photo of a product is known by sight from then on.
    """
    _answer(shop, actor, answer_id)
    judged = judge(
        shop,
        answer_id,
        entry.verdict,
        category=entry.category,
        product_id=entry.product_id,
        actor=actor,
        address=audit.address,
    )
    return ReviewOut.of(judged)


def _answer(shop: Shop, actor: Actor, answer_id: int) -> Answer:
    """An answer that this person may judge. Raises ForbiddenError and NotFoundError."""
    answer = shop.answers.get(answer_id)
    if not may_use_answer(actor, answer, "clerk", "classify"):
        raise ForbiddenError("this answer is about a photo of another store, or of somebody else")
    return answer
