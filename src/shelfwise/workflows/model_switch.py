"""A shop changes its model: to another one, back to the one before, or to one that is tried in the shadow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from shelfwise.errors import ConflictError

if TYPE_CHECKING:
    from shelfwise.workflows.model_facts import ShelfModel
    from shelfwise.workflows.shop import Shop

__all__ = ["Switch", "activate", "roll_back", "set_shadow"]


@dataclass(frozen=True, slots=True)
class Switch:
    """How far the change to another model is.

    Attributes:
        model, model_name: id and name of the new model.
        stage: ``loading`` the network, ``learning`` the products by sight, ``done`` or ``failed``. Until it is done
            the model before answers.
        done, total: photos of products that the new model has learned, and of how many.
        problem: why it failed, else None.
        lost: photos of products that could not be read, and why.
    """

    model: str
    model_name: str
    stage: Literal["loading", "learning", "done", "failed"]
    done: int = 0
    total: int = 0
    problem: str | None = None
    lost: tuple[str, ...] = ()

    @property
    def running(self) -> bool:
        """Whether it goes on."""
        return self.stage in ("loading", "learning")


def activate(shop: Shop, model_id: str) -> Switch:
    """Begin to answer with another model; ``shop.models.switch`` tells how far that is.

    The model before answers until the new one is loaded and has learned all photos of products. Were the server to
    end meanwhile, the model before is still the active one.

    Raises:
        NotFoundError: there is no such model.
        BundleError: it is damaged.
        ConflictError: another change goes on.
    """
    model = shop.shelf.model(model_id)
    if model.active and shop.models.ready:
        return Switch(model.id, model.name, "done")
    return shop.models.change(model)


def roll_back(shop: Shop) -> Switch:
    """Begin to answer with the model before; once more goes forth again. As :func:`activate`.

    Raises:
        ConflictError: there was no other model, or another change goes on.
        BundleError: it is damaged.
    """
    before = shop.shelf.previous()
    if before is None:
        raise ConflictError("there was no other model before this one, so there is nothing to go back to")
    return shop.models.change(before)


def set_shadow(shop: Shop, model_id: str | None) -> ShelfModel | None:
    """Try a model in the shadow from now on; None for none.

    Raises:
        NotFoundError: there is no such model.
        ConflictError: it is the active one.
        BundleError: it is damaged.
    """
    model = shop.shelf.set_shadow(model_id)
    shop.models.use_shadow(model)
    return model
