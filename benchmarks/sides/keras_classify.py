"""The Keras side of ``speed-classify``: ``image_dataset_from_directory``, ``predict``, CSV to standard output.

The last line is a JSON object with the rate after the start.
"""

import argparse
import csv
import json
import sys
import time
from pathlib import Path

import keras
import keras_network
import numpy as np
import tensorflow as tf

BATCH = 32


class Clock(keras.callbacks.Callback):
    """When prediction began and each batch was done."""

    def __init__(self):
        super().__init__()
        self.moments = []

    def on_predict_begin(self, logs=None):
        self.moments.append(time.monotonic())

    def on_predict_batch_end(self, batch, logs=None):
        self.moments.append(time.monotonic())

    def rate(self, photos):
        """Photos a second from a tenth of the batches to the last."""
        first = (len(self.moments) - 1) // 10
        return (photos - first * BATCH) / (self.moments[-1] - self.moments[first])


def main():
    """Classify a folder."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--categories", required=True)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--jit", action="store_true")
    given = parser.parse_args()
    categories = json.loads(given.categories)
    network = keras_network.small_cnn(len(categories), 0.0)
    with np.load(given.weights) as weights:
        keras_network.load_torch_weights(network, weights)
    network.compile(jit_compile=given.jit)
    dataset = keras.utils.image_dataset_from_directory(
        given.photos,
        labels=None,
        batch_size=BATCH,
        image_size=(keras_network.SIZE, keras_network.SIZE),
        shuffle=False,
        verbose=False,
    )
    paths, clock = dataset.file_paths, Clock()
    probabilities = network.predict(dataset.prefetch(tf.data.AUTOTUNE), verbose=0, callbacks=[clock])
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["path", "category", "confidence"])
    for path, row in zip(paths, probabilities, strict=True):
        writer.writerow([path, categories[row.argmax()], f"{row.max():.6f}"])
    versions = {"keras": keras.__version__, "tensorflow": tf.__version__}
    print(json.dumps({"rate": clock.rate(len(paths)), "versions": versions}))


if __name__ == "__main__":
    main()
