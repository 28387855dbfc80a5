"""Global Trade Item Numbers: the number under a product's barcode, and its check digit."""

from __future__ import annotations

from shelfwise.errors import ProductError

__all__ = ["check_digit", "gtin_key", "parse_gtin"]

_LENGTHS = (8, 12, 13, 14)


def check_digit(body: str) -> int:
    """The last digit of a GTIN, from the digits before it.

    From the right, digits weigh 3, 1, 3, 1 …; the check digit fills their sum up to a multiple of ten (GS1 General
    Specifications, section 7.9.1).
    """
    return -sum(int(digit) * (3, 1)[place % 2] for place, digit in enumerate(reversed(body))) % 10


def parse_gtin(text: str) -> str:
    """The digits of a GTIN-8, -12 (UPC-A), -13 (EAN) or -14, without the blanks and hyphens that people put in.

    Raises:
        ProductError: it has another length, holds something else, or its check digit is wrong.
    """
    digits = "".join(character for character in text if not character.isspace() and character != "-")
    if not (digits.isascii() and digits.isdigit()) or len(digits) not in _LENGTHS:
        raise ProductError(
            f"{text!r} is no barcode number (GTIN): give its 8, 12, 13 or 14 digits, the check digit included"
        )
    if not digits.strip("0"):
        raise ProductError(f"{text!r} is no barcode number (GTIN): it holds nothing but zeros")
    if (right := check_digit(digits[:-1])) != int(digits[-1]):
        raise ProductError(
            f"{text!r} is no barcode number (GTIN): its last digit would have to be {right}. "
            "Look for a mistyped digit"
        )
    return digits


def gtin_key(digits: str) -> str:
    """The same for all spellings of one number: its fourteen digits, filled up with zeros from the left."""
    return digits.zfill(max(_LENGTHS))
