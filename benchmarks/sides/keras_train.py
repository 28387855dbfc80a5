"""The Keras side of ``speed-train``: the same network, photos, copies, batches, loss and optimiser.

The input is what Keras documents: photos from directories, decoded once and cached, shuffled, augmented by Keras
layers inside tf.data with AUTOTUNE, prefetched.
"""

import argparse
import json
import time
from pathlib import Path

import keras
import keras_network
import tensorflow as tf

AUTOTUNE = tf.data.AUTOTUNE
DROPOUT = 0.2
BATCH = 32


def directories(rows, work):
    """Two directories of links in Keras's layout: the photos as they are, and those to vary."""
    kinds = {varied: work / ("varied" if varied else "plain") for _, _, varied in rows}
    for folder in kinds.values():
        for category in {category for _, category, _ in rows}:  # Keras wants a folder of each, be it empty
            (folder / category).mkdir(parents=True, exist_ok=True)
    for index, (path, category, varied) in enumerate(rows):
        link = kinds[varied] / category / f"{index:06}.jpg"
        if not link.is_symlink():
            link.symlink_to(path)
    return list(kinds.values())


def photos(folder, categories):
    """Photo, one-hot label and whether to vary it."""
    dataset = keras.utils.image_dataset_from_directory(
        folder,
        label_mode="categorical",
        class_names=categories,
        batch_size=None,
        image_size=(keras_network.SIZE, keras_network.SIZE),
        shuffle=False,
        verbose=False,
    )
    varied = folder.name == "varied"
    return dataset.map(lambda photo, label: (photo, label, varied), num_parallel_calls=AUTOTUNE)


def augmentation():
    """What our augmentation does in kind: mirror, crop, turn, brightness, contrast."""
    return keras.Sequential(
        [
            keras.layers.RandomFlip("horizontal"),
            keras.layers.RandomRotation(15 / 360, fill_mode="reflect"),
            keras.layers.RandomZoom((-0.25, 0.0), fill_mode="reflect"),
            keras.layers.RandomBrightness(0.3),
            keras.layers.RandomContrast(0.35),
        ]
    )


def pipeline(rows, work):
    """The batches of an epoch; only the photos that are to be varied go through the augmentation."""
    categories = sorted({category for _, category, _ in rows})
    sets = [photos(folder, categories) for folder in directories(rows, work)]
    dataset = sets[0] if len(sets) == 1 else sets[0].concatenate(sets[1])
    augment = augmentation()

    def vary(batch, labels, varied):
        where = tf.where(varied)

        def some():
            changed = augment(tf.gather_nd(batch, where), training=True)
            return tf.tensor_scatter_nd_update(batch, where, changed)

        return tf.cond(tf.reduce_any(varied), some, lambda: batch), labels

    dataset = dataset.cache().shuffle(len(rows), reshuffle_each_iteration=True).batch(BATCH)
    return dataset.map(vary, num_parallel_calls=AUTOTUNE).prefetch(AUTOTUNE), len(categories)


class Clock(keras.callbacks.Callback):
    """Seconds of each epoch."""

    def __init__(self):
        super().__init__()
        self.seconds = []
        self.began = 0.0

    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds.append(time.monotonic() - self.began)


def main():
    """Train, and print what it took as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    given = parser.parse_args()
    rows = json.loads(given.photos.read_text("utf-8"))
    keras.utils.set_random_seed(42)
    dataset, categories = pipeline(rows, given.work)
    if given.precision == "bf16":
        keras.mixed_precision.set_global_policy("mixed_bfloat16")
    network = keras_network.small_cnn(categories, DROPOUT)
    network.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        loss="binary_crossentropy",
        metrics=["accuracy"],
        jit_compile=False,  # ten times as slow on a CPU
    )
    clock = Clock()
    history = network.fit(dataset, epochs=given.epochs + 1, verbose=0, callbacks=[clock])
    answer = {
        "photos_an_epoch": len(rows),
        "parameters": network.count_params(),
        "first_epoch_seconds": clock.seconds[0],
        "epoch_seconds": clock.seconds[1:],
        "loss": history.history["loss"],
        "versions": {"keras": keras.__version__, "tensorflow": tf.__version__},
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
