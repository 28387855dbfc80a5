"""What is wrong with an entry, in plain sentences: the words for what the schemas refuse."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

__all__ = ["KNOWN", "field_path", "refused_words", "sentence"]

_FIRST_WORD: Final = re.compile(r"[a-z]+(?=[\s,;'’!?]|$)")
_PLACES: Final = ("body", "query", "path", "header", "cookie")

_TEXT: Final = "Give a text."
_WHOLE: Final = "Give a whole number."
_NUMBER: Final = "Give a number."
_YES_OR_NO: Final = "Give true or false."
_LIST: Final = "Give a list."
_OBJECT: Final = "Give an object: names with their values."
_DAY: Final = "Give a day, such as 2026-01-31."
_TIME: Final = "Give a time with its offset, such as 2026-01-31T09:30:00Z."
_OTHER: Final = "This value cannot be taken: see the API’s description for what can."

_HEX: Final = "digits and letters from a to f"
_PATTERNS: Final[Mapping[str, str]] = {
    "^[0-9a-f]{64}$": f"Give the SHA-256 of a photo: 64 {_HEX}.",
    "^[0-9a-f]{12}$": f"Give the number of a model: 12 {_HEX}.",
    "^[A-Za-z0-9-]{1,40}$": "Give the key of a box: at most 40 plain letters, digits and hyphens.",
}
"""What the patterns of the schemas mean: a pattern itself tells nobody what to give."""

_PLURAL: Final = re.compile(r"[^su]s$")
_ONE_OF_MANY: Final = (("ies$", "y"), ("(?<=ch|sh|ss)es$", ""), ("(?<=x)es$", ""), ("s$", ""))

_Words = str | Callable[[str, Mapping[str, Any]], str]


def sentence(text: str) -> str:
    """A message as a sentence: with a capital letter first and a full stop last.

    A first word that is no plain word, such as a field's or a file's name, stays as it is.
    """
    text = text.strip()
    if _FIRST_WORD.match(text):
        text = text[0].upper() + text[1:]
    return text if not text or text.endswith((".", "!", "?", "…", ":")) else f"{text}."


def field_path(location: Sequence[str | int]) -> str:
    """``lines.0.quantity`` for a place in the body; the parameter's name for others."""
    parts = location[1:] if location and location[0] in _PLACES else location
    # The place in broken JSON is a number of characters, no field; a name that is wrong is a field itself.
    return ".".join(
        str(part) for part in parts if part != "[key]" and not (len(parts) == 1 and isinstance(part, int))
    )


def refused_words(error: Mapping[str, Any]) -> str:
    """What is wrong and what to give instead, of one of pydantic's errors."""
    kind, context = error["type"], error.get("ctx") or {}
    if kind in ("value_error", "assertion_error"):
        # Our own words.
        return sentence(str(error["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, "))
    words = KNOWN.get(kind, _OTHER)
    return words if isinstance(words, str) else words(_noun(error["loc"]), context)


def _noun(location: Sequence[str | int]) -> str:
    """What the last named part of a place is called: ``product number`` for ``product_id``."""
    names = [part for part in location if isinstance(part, str) and part != "[key]"]
    if not names or names in (["body"], ["query"]):
        return ""
    return re.sub(r"\bid(s?)$", r"number\1", names[-1].replace("_", " "))


def _missing(noun: str, _: Mapping[str, Any]) -> str:
    return f"Give the {noun}." if noun else "Send a body in JSON."


def _broken(_: str, context: Mapping[str, Any]) -> str:
    return f"The body is no JSON: {sentence(str(context.get('error', 'it is broken'))).rstrip('.').lower()}."


def _one_of(_: str, context: Mapping[str, Any]) -> str:
    return f"Give {str(context['expected']).replace(chr(39), '')}."


def _too_few(noun: str, context: Mapping[str, Any]) -> str:
    least = int(context["min_length"])
    return f"Give at least {_counted(least, noun)}."


def _too_many(noun: str, context: Mapping[str, Any]) -> str:
    return f"Give at most {_counted(int(context['max_length']), noun)}."


def _counted(count: int, noun: str) -> str:
    many = noun if _PLURAL.search(noun) else "items"
    one = next(re.sub(end, stem, many) for end, stem in _ONE_OF_MANY if re.search(end, many))
    number = "one" if count == 1 else f"{count:,}"
    return f"{number} {one if count == 1 else many}"


def _too_short(noun: str, context: Mapping[str, Any]) -> str:
    least = int(context["min_length"])
    return (
        f"Give the {noun or 'text'}: it is empty." if least == 1 else f"Give at least {least:,} characters."
    )


def _too_long(_: str, context: Mapping[str, Any]) -> str:
    most = int(context["max_length"])
    return f"Give at most {most:,} character{'' if most == 1 else 's'}."


def _pattern(_: str, context: Mapping[str, Any]) -> str:
    return _PATTERNS.get(str(context["pattern"]), _OTHER)


def _limit(words: str, name: str) -> Callable[[str, Mapping[str, Any]], str]:
    return lambda _, context: f"Give a number {words} {context[name]}."


KNOWN: Final[Mapping[str, _Words]] = {
    "missing": _missing,
    "json_invalid": _broken,
    "json_type": "Send a body in JSON.",
    "extra_forbidden": "There is no such field: check its name, or leave it out.",
    "string_type": _TEXT,
    "string_unicode": _TEXT,
    "string_too_short": _too_short,
    "string_too_long": _too_long,
    "string_pattern_mismatch": _pattern,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing_size": "Give a smaller number.",
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "greater_than": _limit("above", "gt"),
    "greater_than_equal": _limit("of at least", "ge"),
    "less_than": _limit("below", "lt"),
    "less_than_equal": _limit("of at most", "le"),
    "bool_type": _YES_OR_NO,
    "bool_parsing": _YES_OR_NO,
    "literal_error": _one_of,
    "enum": _one_of,
    "list_type": _LIST,
    "set_type": _LIST,
    "frozen_set_type": _LIST,
    "tuple_type": _LIST,
    "too_short": _too_few,
    "too_long": _too_many,
    "dict_type": _OBJECT,
    "mapping_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "dataclass_type": _OBJECT,
    "date_type": _DAY,
    "date_parsing": _DAY,
    "date_from_datetime_parsing": _DAY,
    "date_from_datetime_inexact": _DAY,
    "datetime_type": _TIME,
    "datetime_parsing": _TIME,
    "datetime_from_date_parsing": _TIME,
    "datetime_object_invalid": _TIME,
    "timezone_aware": _TIME,
    "timezone_offset": _TIME,
}
"""Words by pydantic's type of error: a sentence, or what makes one of the field's noun and the error's context."""
