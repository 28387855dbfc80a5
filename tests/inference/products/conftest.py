import hashlib

import numpy as np
import pytest

from shelfwise.inference.products import Enrolled, ModelRef, Photo

NOW = "2026-01-31T12:00:00Z"
MODEL = ModelRef(id="0123456789ab", name="toy")


class Making:
    """Photos and embeddings for tests."""

    now = NOW
    model = MODEL

    @staticmethod
    def photo(text):
        data = str(text).encode()
        sha256 = hashlib.sha256(data).hexdigest()
        return Photo(sha256=sha256, kept_sha256=sha256, kept_bytes=len(data), added=NOW, name=f"{text}.jpg")

    @classmethod
    def enrolled(cls, text, values):
        return Enrolled(cls.photo(text), np.asarray(values, np.float32))


@pytest.fixture(scope="session")
def making():
    return Making
