import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from shelfwise.images.augment import Augmentation, augment, mix, resize_batch


def photos(count: int = 4, size: int = 32) -> torch.Tensor:
    ramp = torch.linspace(0, 255, size)
    picture = torch.stack(
        [ramp[None].expand(size, -1), ramp[:, None].expand(-1, size), ramp.flip(0)[None].expand(size, -1)], 2
    )
    return picture.round().to(torch.uint8)[None].repeat(count, 1, 1, 1)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


STRONG = Augmentation(crop=0.3, flip=True, operations=3, magnitude=1.0, erase=0.5)


def test_no_variation_gives_the_photo_back():
    images = photos()
    result = augment(images, 32, Augmentation(), generator())
    assert torch.allclose(result, images.permute(0, 3, 1, 2).float(), atol=1e-2)


def test_flipping_mirrors_some_and_leaves_the_others():
    images = photos(64)
    plain = images.permute(0, 3, 1, 2).float()
    result = augment(images, 32, Augmentation(flip=True), generator())
    mirrored = (result - plain.flip(3)).abs().amax(dim=(1, 2, 3)) < 0.1
    same = (result - plain).abs().amax(dim=(1, 2, 3)) < 0.1
    assert (mirrored | same).all()
    assert 15 < mirrored.sum() < 49


def test_results_depend_on_the_generator_alone():
    torch.manual_seed(1)
    first = augment(photos(), 24, STRONG, generator(5))
    torch.manual_seed(2)
    again = augment(photos(), 24, STRONG, generator(5))
    other = augment(photos(), 24, STRONG, generator(6))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_values_stay_colours_and_have_the_asked_size():
    result = augment(photos(16), 20, STRONG, generator())
    assert result.shape == (16, 3, 20, 20)
    assert result.min() >= 0
    assert result.max() <= 255


def test_a_crop_shows_a_part_enlarged():
    images = photos(32)
    result = augment(images, 32, Augmentation(crop=0.3), generator())
    span = result[:, 0].amax(dim=(1, 2)) - result[:, 0].amin(dim=(1, 2))
    assert (span < 256).all()
    assert span.min() < 200  # the ramp's ends are outside of some crops


@pytest.mark.parametrize(("mixup", "cutmix"), [(0.4, 0.0), (0.0, 1.0), (0.2, 1.0)])
def test_mixing_keeps_targets_a_distribution_in_the_share_of_the_pixels(mixup, cutmix):
    images = torch.zeros(8, 3, 16, 16)
    images[::2] = 255.0
    targets = torch.zeros(8, 2)
    targets[::2, 0] = 1
    targets[1::2, 1] = 1
    mixed, soft = mix(images, targets, generator(3), mixup=mixup, cutmix=cutmix)
    assert torch.allclose(soft.sum(1), torch.ones(8))
    assert torch.allclose(mixed.mean(dim=(1, 2, 3)) / 255, soft[:, 0], atol=1e-5)


def test_without_mixing_nothing_changes():
    images, targets = torch.rand(4, 3, 8, 8), torch.eye(4)
    mixed, same = mix(images, targets, generator(), mixup=0, cutmix=0)
    assert mixed is images
    assert same is targets


def test_resizing_keeps_pixels_at_equal_size_and_the_mean_otherwise():
    images = photos()
    assert torch.equal(resize_batch(images, 32), images.permute(0, 3, 1, 2).float())
    assert abs(float(resize_batch(images, 16).mean()) - np.asarray(images).mean()) < 1
