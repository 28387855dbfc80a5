"""``shelfwise models``: which networks there are, and how one is built."""

from __future__ import annotations

import json
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shelfwise.cli.tables import console, table
from shelfwise.extras import require
from shelfwise.models.spec import HF_PREFIX, SPECS, ModelSpec, build_network, get_spec

if TYPE_CHECKING:
    from shelfwise.models.summary import Summary

__all__ = ["EXAMPLES", "app"]

EXAMPLES = (
    "shelfwise models list",
    "shelfwise models show small-cnn",
    "shelfwise models show lite0 --classes 25 --format json",
)

app = typer.Typer(help="List the networks and show how they are built.", pretty_exceptions_enable=False)


class Format(StrEnum):
    """How a command prints its answer."""

    TABLE = "table"
    JSON = "json"


FormatOption = Annotated[Format, typer.Option("--format", help="A table for people, JSON for programs.")]


@app.command("list")
def list_models(format_: FormatOption = Format.TABLE) -> None:
    """List the networks that can be trained."""
    if format_ is Format.JSON:
        typer.echo(json.dumps([_description(spec) for spec in SPECS.values()], indent=2))
        return
    rows = table("Name", "Network", ">Input", ">Parameters", "Licence")
    for spec in SPECS.values():
        rows.add_row(spec.name, spec.title, f"{spec.input_size} px", spec.parameters_note, spec.licence)
    rows.add_row(f"{HF_PREFIX}REPO_OR_PATH", "a transformers model", "", "", "")
    console().print(rows)


@app.command("show")
def show_model(
    name: Annotated[str, typer.Argument(help="Name of the network, or hf:REPO_OR_PATH.")],
    classes: Annotated[int, typer.Option("--classes", min=1, help="Number of categories.")] = 5,
    format_: FormatOption = Format.TABLE,
) -> None:
    """Show a network's layers, their output shapes and parameter counts."""
    spec = get_spec(name)
    require("torch", what="Showing a network", extra="train")
    from shelfwise.models.summary import summarise

    summary = summarise(build_network(name, classes, pretrained=False), spec.input_size)
    if format_ is Format.JSON:
        typer.echo(json.dumps(_details(spec, classes, summary), indent=2))
        return
    rows = table("Layer", "Kind", ">Output", ">Parameters", title=f"{spec.title}, {classes} categories")
    for layer in summary.layers:
        shape = " × ".join(str(side) for side in layer.output_shape)
        rows.add_row(layer.name, layer.kind, shape, f"{layer.parameters:,}" if layer.parameters else "")
    console().print(rows)
    typer.echo(
        f"Parameters: {summary.total:,}, trainable {summary.trainable:,}, not trainable {summary.fixed:,}"
    )


def _description(spec: ModelSpec) -> dict[str, Any]:
    return {
        "name": spec.name,
        "title": spec.title,
        "input_size": spec.input_size,
        "mean": spec.mean,
        "std": spec.std,
        "parameters": spec.parameters_note,
        "licence": spec.licence,
        "source": spec.source,
        "weights": _weights(spec),
    }


def _weights(spec: ModelSpec) -> str | None:
    if spec.hub is not None:
        return spec.hub.source
    return spec.weights().source if spec.weights is not None else None


def _details(spec: ModelSpec, classes: int, summary: Summary) -> dict[str, Any]:
    counts = {"total": summary.total, "trainable": summary.trainable, "not_trainable": summary.fixed}
    layers = [asdict(layer) for layer in summary.layers]
    return _description(spec) | {"classes": classes, "parameters": counts, "layers": layers}
