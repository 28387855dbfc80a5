"""What another model would have answered, and how the two compare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Row,
    Subquery,
    and_,
    case,
    func,
    literal,
    null,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from shelfwise.answers.mcnemar import exact_p_value
from shelfwise.answers.records import Comparison, Difference, NewShadowAnswer
from shelfwise.answers.tables import answers, shadow_answers
from shelfwise.database import Database

__all__ = ["ShadowBook"]

_EXAMPLES: Final = 20


class ShadowBook:
    """Keeps what a model in the background says of the photos that the active one answers.

    Args:
        database: where it is kept, beside the answers.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, new: Sequence[NewShadowAnswer]) -> None:
        """Keep what another model says of answered photos; of the same model and answer the first one stays."""
        rows = [
            {
                "answer_id": each.answer_id,
                "model": each.model,
                "kind": each.kind,
                "category": each.category,
                "confidence": float(each.confidence),
            }
            for each in new
        ]
        if rows:
            statement = (
                sqlite_insert(shadow_answers).on_conflict_do_nothing()
                if self._database.dialect == "sqlite"
                else postgresql_insert(shadow_answers).on_conflict_do_nothing()
            )
            self._database.write(lambda connection: connection.execute(statement, rows))

    def comparison(self, active: str, candidate: str, *, examples: int = _EXAMPLES) -> Comparison:
        """Compare two models on the photos that both have answered; a photo that was asked about again counts once.

        A model is right by itself where it relies on its answer (``accept``) and the photo shows that category or one
        under it, or where it says ``unknown`` and a person said so too. Who asks is not right, but not wrong in any
        other sense than that a person had to help.

        People judge the photos that the *active* model was in doubt about first. On these it looks worse than it is
        on all; so a candidate's lead counts fully only where all photos were judged, or ones taken by chance.

        Args:
            active: id of the model whose answers were given.
            candidate: id of the model in the background.
            examples: photos to tell on which they differ, at most; first those on which one is right and the other is
                not, the newest first.
        """
        pairs = _pairs(active, candidate)
        counts = select(
            func.count(),
            *(
                func.coalesce(func.sum(case((condition, 1), else_=0)), 0)
                for condition in (
                    pairs.c.same,
                    pairs.c.judged,
                    pairs.c.active_right,
                    pairs.c.candidate_right,
                    and_(pairs.c.active_right, ~pairs.c.candidate_right),
                    and_(pairs.c.candidate_right, ~pairs.c.active_right),
                )
            ),
        ).select_from(pairs)
        decisive = case((pairs.c.active_right != pairs.c.candidate_right, 0), else_=1)
        differing = select(pairs).where(~pairs.c.same).order_by(decisive, pairs.c.id.desc()).limit(examples)
        with self._database.read() as connection:
            numbers = map(int, connection.execute(counts).one())
            rows = connection.execute(differing).all()
        n, same, judged, active_right, candidate_right, only_active, only_candidate = numbers
        return Comparison(
            active=active,
            candidate=candidate,
            n=n,
            agreement=same / n if n else None,
            both_judged=judged,
            active_right=active_right,
            candidate_right=candidate_right,
            only_active_right=only_active,
            only_candidate_right=only_candidate,
            p_value=exact_p_value(only_active, only_candidate) if judged else None,
            examples=tuple(map(_difference, rows)),
        )


def _pairs(active: str, candidate: str) -> Subquery:
    """One row a photo that both models have answered: the judged answer, else the newest, and how they compare."""
    own, other = answers.c, shadow_answers.c
    rank = func.row_number().over(
        partition_by=own.photo, order_by=(case((_judged(), 0), else_=1), own.id.desc())
    )
    joined = (
        select(
            *(own.id, own.photo, own.at, own.kind, own.category, own.verdict, own.right_category),
            other.kind.label("candidate_kind"),
            other.category.label("candidate_category"),
            and_(
                own.kind == other.kind, func.coalesce(own.category, "") == func.coalesce(other.category, "")
            ).label("same"),
            _judged().label("judged"),
            _is_right(own.kind, own.category).label("active_right"),
            _is_right(other.kind, other.category).label("candidate_right"),
            rank.label("rank"),
        )
        .select_from(answers.join(shadow_answers, other.answer_id == own.id))
        .where(own.model == active, other.model == candidate)
        .subquery()
    )
    return select(joined).where(joined.c.rank == 1).subquery()


def _judged() -> ColumnElement[bool]:
    """Whether a person has said what the photo shows, or that it is unknown."""
    said = and_(answers.c.verdict.in_(("confirmed", "corrected")), answers.c.right_category.is_not(None))
    return and_(answers.c.verdict.is_not(None), or_(said, answers.c.verdict == "unknown"))


def _is_right(kind: ColumnElement[Any], category: ColumnElement[Any]) -> ColumnElement[Any]:
    truth, verdict = answers.c.right_category, answers.c.verdict
    under = category + literal("/")
    holds = or_(truth == category, func.substr(truth, 1, func.length(under)) == under)
    value = case(
        (~_judged(), null()),
        (verdict == "unknown", kind == "unknown"),
        else_=and_(kind == "accept", category.is_not(None), holds),
    )
    return type_coerce(value, Boolean)


def _difference(row: Row[Any]) -> Difference:
    return Difference(
        answer_id=row.id,
        photo=row.photo,
        at=row.at,
        active_kind=row.kind,
        active_category=row.category,
        candidate_kind=row.candidate_kind,
        candidate_category=row.candidate_category,
        verdict=row.verdict,
        right_category=row.right_category,
        active_right=row.active_right,
        candidate_right=row.candidate_right,
    )
