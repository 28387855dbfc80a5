"""The models: which answers, figures side by side, cards and reports, and the one in the shadow. For admins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Final

from fastapi import Path, Query, Request
from fastapi.responses import HTMLResponse

from shelfwise.answers.records import Comparison
from shelfwise.errors import BundleError, NotFoundError
from shelfwise.web.access import Admin, shop_of
from shelfwise.web.markdown import markdown_html
from shelfwise.web.pages import page_router
from shelfwise.web.pages.frame import show
from shelfwise.workflows.model_facts import ShelfModel
from shelfwise.workflows.model_shelf import ModelShelf
from shelfwise.workflows.shop import Shop

__all__ = ["router", "verdict_words"]

router = page_router()

_MOST_CARD: Final = 1 << 20
_SURE: Final = 0.05
_ENOUGH: Final = 20
"""Judged photos below which nothing is said of who is better."""

ModelId = Annotated[str, Path(pattern=r"^[0-9a-f]{12}$")]


@router.get("/models")
def models(request: Request, actor: Admin) -> HTMLResponse:
    """Show all models, the active one first, and how far a change to another one is."""
    shop = shop_of(request)
    found = shop.shelf.models()
    shadow = shop.models.shadow
    return show(
        request,
        actor,
        "models.html",
        models=found,
        active=next((each for each in found if each.active), None),
        previous=next((each for each in found if each.previous), None),
        trial=next((each for each in found if each.shadow), None),
        trial_problem=None if shadow is None else shadow.problem,
        trial_left_out=0 if shadow is None else shadow.left_out,
        figures=_side_by_side(found),
        damaged=shop.shelf.damaged(),
        ready=shop.models.ready,
        problem=shop.models.problem,
        note=shop.models.note,
        switch=shop.models.switch,
        known=_known(shop),
    )


@router.get("/models/comparison")
def comparison(
    request: Request, actor: Admin, candidate: Annotated[str, Query(max_length=12)] = ""
) -> HTMLResponse:
    """Compare the active model with the one in the shadow, or with one that was there before."""
    shop = shop_of(request)
    found = shop.shelf.models()
    active = _active(shop.shelf)
    others = [each for each in found if each.id != active.id]
    chosen = next((each for each in others if (each.id == candidate if candidate else each.shadow)), None)
    if candidate and chosen is None:
        raise NotFoundError(f"there is no other model {candidate}")
    compared = None if chosen is None else shop.shadow.comparison(active.id, chosen.id)
    return show(
        request,
        actor,
        "comparison.html",
        active=active,
        candidate=chosen,
        others=others,
        compared=compared,
        words=None
        if compared is None or chosen is None
        else verdict_words(compared, active.name, chosen.name),
    )


@router.get("/models/{model_id}")
def model(request: Request, actor: Admin, model_id: ModelId) -> HTMLResponse:
    """Show one model's figures, card and report."""
    found = shop_of(request).shelf.model(model_id)
    with found.card_path.open(encoding="utf-8", errors="replace") as file:
        card = file.read(_MOST_CARD)
    return show(
        request, actor, "model.html", model=found, card=markdown_html(_without_title(card, found.name))
    )


def verdict_words(compared: Comparison, active: str, candidate: str) -> str:
    """What the comparison says, in a sentence or two that claim no more than the figures do."""
    one, other = compared.only_active_right, compared.only_candidate_right
    if compared.both_judged == 0:
        return "Nobody has judged one of these photos yet, so nothing can be said of which model is right."
    if one == other:
        return "On the judged photos both are right equally often."
    better, worse = (active, candidate) if one > other else (candidate, active)
    lead = f"{better} alone is right on {max(one, other)}, {worse} alone on {min(one, other)}."
    if compared.both_judged < _ENOUGH:
        return f"{lead} That is on {compared.both_judged} judged photos only: judge more before you decide."
    if compared.p_value is not None and compared.p_value < _SURE:
        return f"{lead} Chance alone makes such a difference seldom."
    return f"{lead} Chance alone can make such a difference: it says little yet."


def _known(shop: Shop) -> Mapping[str, int]:
    """How many products the active model knows by sight, and by how many photos."""
    learned = shop.products.in_use()
    known = [] if learned is None else learned.index.products
    return {"products": len(known), "photos": sum(len(product.photos) for product in known)}


def _without_title(card: str, name: str) -> str:
    """A card without the heading that Shelfwise gives it, whose name and counts the page has told already."""
    first, _, rest = card.partition("\n")
    return rest if first.startswith(f"# {name}, ") else card


def _active(shelf: ModelShelf) -> ShelfModel:
    try:
        return shelf.active()
    except BundleError as error:
        raise NotFoundError(f"the active model cannot be read: {error}") from error


def _side_by_side(models: Sequence[ShelfModel]) -> list[tuple[str, list[str]]]:
    """Each measurement with its value of each model, "–" where a model has none."""
    names = dict.fromkeys(figure.name for model in models for figure in model.metrics)
    values = [{figure.name: figure.value for figure in model.metrics} for model in models]
    return [(name, [each.get(name, "–") for each in values]) for name in names]
