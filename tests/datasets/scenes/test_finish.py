import numpy as np
import pytest

cv2 = pytest.importorskip("cv2")

from shelfwise.datasets.scenes.finish import finish, jpeg


def test_a_picture_keeps_its_size_and_its_content() -> None:
    ys, xs = np.mgrid[0:240, 0:320]
    picture = np.stack([xs * 0.75, ys, (xs + ys) / 3], axis=-1).astype(np.uint8)
    changed = 0
    for seed in range(25):
        out = finish(np.random.default_rng(seed), picture)
        assert out.shape == picture.shape
        assert out.dtype == np.uint8
        across, down = (
            np.corrcoef(out[..., 0].ravel(), xs.ravel())[0, 1],
            np.corrcoef(out[..., 1].ravel(), ys.ravel())[0, 1],
        )
        assert across > 0.3 and down > 0.3
        changed += not np.array_equal(out, picture)
    assert changed == 25


def test_jpeg_is_the_picture() -> None:
    picture = np.full((32, 48, 3), (200, 60, 20), np.uint8)
    data = jpeg(np.random.default_rng(1), picture)
    back = cv2.cvtColor(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    assert np.abs(back.astype(int) - picture).max() < 12
