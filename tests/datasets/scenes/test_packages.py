import numpy as np
import pytest

cv2 = pytest.importorskip("cv2")
pytest.importorskip("matplotlib")

from shelfwise.datasets.scenes.packages import KINDS, package_kind, paint_package
from shelfwise.datasets.scenes.palettes import draw_palette


@pytest.mark.parametrize("kind", sorted(set(KINDS)))
@pytest.mark.parametrize("look", ["train", "held-out"])
def test_every_kind_is_one_solid_thing_of_about_its_height(kind: str, look: str) -> None:
    for seed in range(3):
        rgba = paint_package(seed, 120, look, kind)  # type: ignore[arg-type]
        assert rgba.dtype == np.uint8
        assert rgba.shape[2] == 4
        assert 50 <= rgba.shape[0] <= 190
        opaque = rgba[..., 3] > 127
        assert opaque.mean() > 0.35
        assert opaque[[0, -1]].any(axis=1).all() or (rgba[[0, -1], :, 3] > 20).any(axis=1).all()
        count, _, stats, _ = cv2.connectedComponentsWithStats(opaque.astype(np.uint8))
        assert stats[1:, cv2.CC_STAT_AREA].max() > 0.97 * opaque.sum(), f"{count - 1} parts"
        assert rgba[..., :3][opaque].std() > 5


def test_a_seed_is_a_package() -> None:
    assert np.array_equal(paint_package(7, 90), paint_package(7, 90))
    assert not np.array_equal(paint_package(7, 90), paint_package(8, 90))


def test_seeds_give_all_kinds() -> None:
    assert {package_kind(seed) for seed in range(300)} == set(KINDS)


def test_looks_share_no_main_hue() -> None:
    rng = np.random.default_rng(1)
    hues: dict[str, set[int]] = {}
    for look in ("train", "held-out"):
        colours = [draw_palette(rng, look).second for _ in range(50)]  # type: ignore[arg-type]
        hues[look] = {round(sum(colour)) for colour in colours}
    assert hues["train"] != hues["held-out"]
