"""Review: answers that the model was unsure of, the worst first, for a person to say what is on the photo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Query, Request
from fastapi.responses import HTMLResponse, JSONResponse

from shelfwise.answers.records import Answer, AnswerCandidate
from shelfwise.text import readable
from shelfwise.web.access import Clerk, shop_of
from shelfwise.web.pages import page_router
from shelfwise.web.pages.frame import need_store, show

__all__ = ["Option", "options_of", "router"]

router = page_router()

_AT_ONCE: Final = 30
_MOST_OPTIONS: Final = 3


@dataclass(frozen=True, slots=True)
class Option:
    """What one key or tap says of an answer.

    Attributes:
        name: the product, or the last level of the category.
        about: the category, or that there is no product of it yet.
        confidence: 0 to 1.
        verdict: what is sent to the API.
        confirms: whether it is what the model answered.
    """

    name: str
    about: str
    confidence: float
    verdict: dict[str, Any]
    confirms: bool


@router.get("/review")
def review(
    request: Request, actor: Clerk, everything: Annotated[bool, Query(alias="all")] = False
) -> HTMLResponse:
    """Show the current store's answers that wait: the unsure ones, or with ``all`` the sure ones too."""
    store = need_store(request, actor, "clerk")
    answers = shop_of(request).answers
    unsure, whole = answers.counts([store.id]), answers.counts([store.id], doubtful=False)
    found = answers.review_queue([store.id], limit=_AT_ONCE, doubtful=not everything)
    return show(
        request,
        actor,
        "review.html",
        store=store,
        answers=[(each, options_of(each)) for each in found.items],
        everything=everything,
        unsure=unsure,
        whole=whole,
        left=whole if everything else unsure,
    )


@router.get("/review/waiting")
def waiting(request: Request, actor: Clerk) -> JSONResponse:
    """How many answers of the current store wait: what open pages ask to keep their figures true."""
    store = need_store(request, actor, "clerk")
    answers = shop_of(request).answers
    return JSONResponse(
        {"unsure": answers.counts([store.id]), "all": answers.counts([store.id], doubtful=False)}
    )


def options_of(answer: Answer) -> list[Option]:
    """The likeliest things that a photo shows, the model's answer among them, each once.

    Only one confirms the answer, however many products of its category are guessed.
    """
    guesses = list(answer.candidates)
    own = next((each for each in guesses if _answers(answer, each)), None)
    if own is None and (answer.category or answer.product_id):
        own = AnswerCandidate(answer.category or "", answer.confidence, answer.product_id, answer.product)
        guesses.insert(0, own)
    return [_option(answer, each, each is own) for each in guesses[:_MOST_OPTIONS]]


def _answers(answer: Answer, guess: AnswerCandidate) -> bool:
    """Whether a guess is the model's answer. A product known by sight is, whatever its category."""
    if answer.product_id is not None:
        return guess.product_id == answer.product_id
    # A product of the category that is known by sight is another guess: it has a confidence of its own.
    alone = guess.product_id is None or guess.confidence == answer.confidence
    return guess.category == answer.category and alone


def _option(answer: Answer, guess: AnswerCandidate, confirms: bool) -> Option:
    levels = guess.category.split("/")
    if guess.product_id is None:
        levels = [readable(each) for each in levels]
    above = levels if guess.product_id is not None else levels[:-1]
    name = guess.product if guess.product_id is not None and guess.product else levels[-1]
    verdict: dict[str, Any] = {"verdict": "confirmed"}
    # The answer's category with a product that it did not name says more than the answer did.
    if not confirms or guess.product_id != answer.product_id:
        verdict = {"verdict": "corrected"}
        verdict |= {"category": guess.category} if guess.category else {}
        verdict |= {} if guess.product_id is None else {"product_id": guess.product_id}
    return Option(name, " › ".join(above), guess.confidence, verdict, confirms)
