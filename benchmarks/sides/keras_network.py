"""The small CNN in Keras, layer for layer that of ``shelfwise.models.small_cnn``."""

import keras
from keras import layers

SIZE = 104
BLOCKS = 5


def small_cnn(categories, dropout):
    """The network; takes floats of 0 to 255, gives probabilities."""
    stack = [keras.Input((SIZE, SIZE, 3)), layers.Rescaling(1 / 255), layers.ZeroPadding2D(1)]
    for block in range(1, BLOCKS + 1):
        stack.append(layers.Conv2D(32, 3, activation="relu", name=f"conv{block}"))
        if block == 1:
            stack.append(layers.BatchNormalization(name="norm"))
        stack += [layers.MaxPooling2D(2), layers.Dropout(dropout)]
    stack += [
        layers.Flatten(),
        layers.Dense(64, activation="relu", name="embedding"),
        layers.Dropout(dropout),
    ]
    # Under a bf16 policy the probabilities stay in fp32, as Keras advises.
    stack.append(layers.Dense(categories, activation="softmax", dtype="float32", name="head"))
    return keras.Sequential(stack)


def load_torch_weights(network, weights):
    """Take over the weights that our training has written, arrays by name."""
    for block in range(1, BLOCKS + 1):
        kernel = weights[f"body.block{block}.conv.weight"].transpose(2, 3, 1, 0)
        network.get_layer(f"conv{block}").set_weights([kernel, weights[f"body.block{block}.conv.bias"]])
    norm = [weights[f"body.block1.norm.{name}"] for name in ("weight", "bias", "running_mean", "running_var")]
    network.get_layer("norm").set_weights(norm)
    for layer, name in (("embedding", "body.embedding.dense"), ("head", "head.dense")):
        network.get_layer(layer).set_weights([weights[f"{name}.weight"].T, weights[f"{name}.bias"]])
