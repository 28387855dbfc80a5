"""Imports all that a training needs, and what the exporter to ONNX imports and makes only when it is used."""

import functools

from torch.onnx._internal.exporter._registration import ONNXRegistry

from shelfwise.cli import train as command
from shelfwise.images.preprocess import Preprocessing
from shelfwise.models import build_network
from shelfwise.models.export import export_onnx
from shelfwise.training.report import page
from shelfwise.workflows import train

__all__ = ["command", "page", "train"]

# The exporter's table of operators, made once: an export changes nothing in it.
ONNXRegistry.from_torchlib = staticmethod(functools.cache(ONNXRegistry.from_torchlib))
export_onnx(build_network("small-cnn", 2, pretrained=False), Preprocessing(104))
