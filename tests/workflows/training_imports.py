"""Imports all that a training needs, and what the exporter to ONNX imports only when it is used."""

from shelfwise.cli import train as command
from shelfwise.images.preprocess import Preprocessing
from shelfwise.models import build_network
from shelfwise.models.export import export_onnx
from shelfwise.training.report import page
from shelfwise.workflows import train

__all__ = ["command", "page", "train"]

export_onnx(build_network("small-cnn", 2, pretrained=False), Preprocessing(104))
