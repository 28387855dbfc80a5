"""The models that answer photos: upload, switch, go back, and one in the shadow. For admins; all may see the list."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self, cast

from fastapi import Path, UploadFile
from fastapi.responses import FileResponse, PlainTextResponse
from pydantic import Field
from starlette.responses import Response

from shelfwise.answers.records import Comparison
from shelfwise.errors import ConflictError, NotFoundError
from shelfwise.web.access import Admin, Audit, Reader, TheShop
from shelfwise.web.api.schemas import Entry, Reply, group, problems
from shelfwise.workflows.model_facts import ShelfModel
from shelfwise.workflows.model_switch import activate, roll_back, set_shadow

__all__ = ["router"]

router = group("Models")

ModelId = Annotated[str, Path(pattern=r"^[0-9a-f]{12}$", description="The model's number.")]
_OPAQUE: Final = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; "
    "frame-ancestors 'self'; base-uri 'none'"
)


class FigureOut(Reply):
    """A measurement, in words for people."""

    name: str
    value: str


class ModelOut(Reply):
    """A model on the shelf."""

    id: str
    name: str
    active: bool
    previous: bool = Field(description="Whether rolling back leads to it.")
    shadow: bool
    packaged: bool = Field(description="Whether it comes with Shelfwise.")
    added_at: datetime | None
    added_by: str | None
    categories: int = Field(description="Categories that it knows, such as `Fruit/Apple`.")
    varieties: int = Field(description="Varieties of them, such as `Fruit/Apple/Granny-Smith`.")
    bytes: int
    has_report: bool
    metrics: list[FigureOut]

    @classmethod
    def of(cls, model: ShelfModel) -> Self:
        """A model as the API shows it."""
        return cls(
            id=model.id,
            name=model.name,
            active=model.active,
            previous=model.previous,
            shadow=model.shadow,
            packaged=model.packaged,
            added_at=model.added_at,
            added_by=model.added_by,
            categories=model.categories,
            varieties=model.varieties,
            bytes=model.bytes,
            has_report=model.report_path is not None,
            metrics=[FigureOut.model_validate(figure) for figure in model.metrics],
        )


class SwitchOut(Reply):
    """How far the change to another model is; the one before answers until it is done."""

    model: str
    model_name: str
    stage: Literal["loading", "learning", "done", "failed"]
    done: int = Field(description="Photos of products that the new model has learned.")
    total: int
    problem: str | None
    lost: list[str] = Field(description="Photos of products that could not be read.")


class ModelList(Reply):
    """All models, the active one first."""

    items: list[ModelOut]
    next: str | None = None
    ready: bool = Field(description="Whether photos are answered at once.")
    problem: str | None = Field(description="Why no photo can be answered.")
    damaged: list[str] = Field(description="Models that cannot be used, and why.")
    switch: SwitchOut | None = Field(description="The latest change to another model.")


class ShadowIn(Entry):
    """Which model to try in the shadow."""

    model: Annotated[str, Field(pattern=r"^[0-9a-f]{12}$", examples=["3fa1b2c4d5e6"])]


class ComparisonOut(Reply):
    """The active model and the one in the shadow, on the photos that both have answered."""

    active: str
    candidate: str
    n: int
    agreement: float | None
    both_judged: int = Field(description="Photos of which a person has said what is right.")
    active_right: int
    candidate_right: int
    only_active_right: int
    only_candidate_right: int
    p_value: float | None = Field(description="Of the exact two-sided McNemar test.")


@router.get("/models", summary="List models")
def models(shop: TheShop, actor: Reader) -> ModelList:
    """All models, and how far a change to another one is."""
    switch = shop.models.switch
    return ModelList(
        items=[ModelOut.of(model) for model in shop.shelf.models()],
        ready=shop.models.ready,
        problem=shop.models.problem,
        damaged=shop.shelf.damaged(),
        switch=None if switch is None else SwitchOut.model_validate(switch),
    )


@router.post("/models", status_code=201, summary="Upload a model", responses=problems(409))
def upload(file: UploadFile, shop: TheShop, actor: Admin, audit: Audit) -> ModelOut:
    """Take in a trained model: the ZIP of a bundle's folder, alone or beside its `report/`. It is not active yet."""
    # What an upload is spooled in reads and seeks as any file does.
    added = shop.shelf.add(cast(Any, file.file), by=actor.name)
    audit("model.add", f"{added.name} ({added.id})")
    return ModelOut.of(added)


@router.post(
    "/models/roll-back", status_code=202, summary="Go back to the model before", responses=problems(409)
)
def go_back(shop: TheShop, actor: Admin, audit: Audit) -> SwitchOut:
    """Begin to answer with the model before; once more goes forth again. `GET /models` tells how far it is."""
    switch = roll_back(shop)
    audit("model.roll-back", f"{switch.model_name} ({switch.model})")
    return SwitchOut.model_validate(switch)


@router.put("/models/shadow", summary="Try a model in the shadow", responses=problems(404, 409))
def try_shadow(entry: ShadowIn, shop: TheShop, actor: Admin, audit: Audit) -> ModelOut:
    """Let a model answer the same photos, without anybody seeing its answers."""
    model = set_shadow(shop, entry.model)
    assert model is not None
    audit("model.shadow", f"{model.name} ({model.id})")
    return ModelOut.of(model)


@router.delete("/models/shadow", status_code=204, summary="Try no model in the shadow")
def end_shadow(shop: TheShop, actor: Admin, audit: Audit) -> None:
    """End the trial. What was compared stays."""
    set_shadow(shop, None)
    audit("model.shadow", "none")


@router.get(
    "/models/shadow/comparison", summary="Compare with the model in the shadow", responses=problems(409)
)
def comparison(shop: TheShop, actor: Admin) -> ComparisonOut:
    """The active model and the one in the shadow, on the photos that both have answered."""
    shadow = shop.shelf.shadow()
    if shadow is None:
        raise ConflictError("no model is tried in the shadow: choose one first")
    found: Comparison = shop.shadow.comparison(shop.shelf.active().id, shadow.id)
    return ComparisonOut.model_validate(found)


@router.get("/models/{model_id}", summary="Show a model", responses=problems(404))
def model(model_id: ModelId, shop: TheShop, actor: Reader) -> ModelOut:
    """One model."""
    return ModelOut.of(shop.shelf.model(model_id))


@router.delete("/models/{model_id}", status_code=204, summary="Remove a model", responses=problems(404, 409))
def remove(model_id: ModelId, shop: TheShop, actor: Admin, audit: Audit) -> None:
    """Remove an uploaded model for good; not one that is active or in the shadow."""
    found = shop.shelf.model(model_id)
    shop.shelf.remove(model_id)
    audit("model.remove", f"{found.name} ({found.id})")


@router.post(
    "/models/{model_id}/activate",
    status_code=202,
    summary="Answer with a model",
    responses=problems(404, 409),
)
def use(model_id: ModelId, shop: TheShop, actor: Admin, audit: Audit) -> SwitchOut:
    """Begin to answer with a model, without losing a photo. `GET /models` tells how far it is."""
    switch = activate(shop, model_id)
    audit("model.activate", f"{switch.model_name} ({switch.model})")
    return SwitchOut.model_validate(switch)


@router.get(
    "/models/{model_id}/card",
    summary="Read a model's card",
    response_class=PlainTextResponse,
    responses=problems(404),
)
def card(model_id: ModelId, shop: TheShop, actor: Reader) -> Response:
    """What the model was made from and for, in Markdown."""
    text = shop.shelf.model(model_id).card_path.read_text(encoding="utf-8", errors="replace")
    # Not as Markdown's own type: browsers would save it rather than show it.
    return PlainTextResponse(text)


@router.get(
    "/models/{model_id}/report",
    summary="Read a model's report",
    response_class=FileResponse,
    responses=problems(404) | {200: {"content": {"text/html": {}}, "description": "The report's page."}},
)
def report(model_id: ModelId, shop: TheShop, actor: Reader) -> Response:
    """The report of the training, where it came along. It may do nothing but be looked at."""
    path = shop.shelf.model(model_id).report_path
    if path is None:
        raise NotFoundError("no report came with this model")
    headers = {"Content-Security-Policy": _OPAQUE, "X-Frame-Options": "SAMEORIGIN"}
    return FileResponse(path, media_type="text/html", headers=headers)
