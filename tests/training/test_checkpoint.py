import errno

import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from shelfwise.errors import StorageError, TrainingError
from shelfwise.training.checkpoint import CheckpointWriter, read_best, restore


def run(make_trainer, folder, epochs, **settings):
    trainer = make_trainer([CheckpointWriter(folder, "same")], **settings)
    restore(trainer, folder, "same")
    for epoch in range(len(trainer.history) + 1, epochs + 1):
        trainer.finish_epoch(epoch, *trainer._train_epoch(epoch))
    return trainer


@pytest.mark.parametrize(
    "settings",
    [{"ema": 0.9}, {"optimizer": "sgd", "mixup": 0.3}, {"optimizer": "adam", "schedule": "constant"}],
)
def test_a_run_in_two_parts_ends_in_the_same_bits(make_trainer, tmp_path, settings):
    whole = run(make_trainer, tmp_path / "whole", 4, **settings)
    run(make_trainer, tmp_path / "parts", 2, **settings)
    parts = run(make_trainer, tmp_path / "parts", 4, **settings)
    assert parts.history == whole.history
    assert all(torch.equal(v, parts.weights()[k]) for k, v in whole.weights().items())
    best, other = read_best(tmp_path / "whole"), read_best(tmp_path / "parts")
    assert all(torch.equal(v, other[k]) for k, v in best.items())


def test_a_fresh_folder_has_nothing_to_restore(make_trainer, tmp_path):
    assert restore(make_trainer(), tmp_path, "same") is False
    with pytest.raises(TrainingError, match="no finished epoch"):
        read_best(tmp_path)


def test_a_run_with_other_settings_is_not_gone_on_from(make_trainer, tmp_path):
    run(make_trainer, tmp_path, 1)
    with pytest.raises(TrainingError, match="other settings"):
        restore(make_trainer(), tmp_path, "other")


@pytest.mark.parametrize("damage", [lambda d: d[:-1], lambda d: d[:40] + b"x" + d[41:], lambda d: b""])
def test_a_damaged_checkpoint_is_refused_not_unpickled(make_trainer, tmp_path, damage):
    run(make_trainer, tmp_path, 1)
    file = tmp_path / "last.pt"
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(TrainingError, match="damaged"):
        restore(make_trainer(), tmp_path, "same")


def test_a_full_disk_keeps_the_last_checkpoint(make_trainer, tmp_path, monkeypatch):
    run(make_trainer, tmp_path, 1)
    before = (tmp_path / "last.pt").read_bytes()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StorageError, match="disk is full"):
        run(make_trainer, tmp_path, 2)
    monkeypatch.undo()
    assert (tmp_path / "last.pt").read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["best.safetensors", "last.pt"]
    assert len(run(make_trainer, tmp_path, 2).history) == 2
