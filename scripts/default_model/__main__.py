"""Train the model that comes with Shelfwise: from public photos to ``src/shelfwise/default_model``.

Run by ``make default-model``. Each step leaves its result in the work folder and is not repeated; one that was
broken off goes on where it was.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from shelfwise.bundle import DEFAULT_BUNDLE, Bundle
from shelfwise.cli.progress import Progress
from shelfwise.config import load_config
from shelfwise.download import file_digest
from shelfwise.errors import ConfigError, ShelfwiseError
from shelfwise.models import get_spec
from shelfwise.models.hub_weights import Hub
from shelfwise.settings import Settings
from shelfwise.training.config import TrainConfig, with_recipe
from shelfwise.training.folder import RunFolder
from shelfwise.workflows.ensemble import join_runs
from shelfwise.workflows.train import resume, train

RECIPES = Path(__file__).parent
NAME = "groceries"
MOST_BYTES = 25_000_000
WEIGHT_BITS = 7


def main() -> int:
    """Train what is not trained yet, join the members, make the result small, put it into the package."""
    options = _options()
    try:
        with Progress() as progress:
            _build(options, progress)
    except ShelfwiseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make default-model", description=__doc__)
    parser.add_argument(
        "--data", type=Path, default=Settings().data_dir, help="holds freiburg/ and grocery-store/"
    )
    parser.add_argument("--weights", type=Path, help="folder of pretrained weights; else the model hub's")
    parser.add_argument(
        "--work", type=Path, default=Path("runs/default-model"), help="where the steps are kept"
    )
    parser.add_argument("--members", nargs="+", default=["dinov2", "tiny-vit"], help="recipes to join")
    parser.add_argument("--out", type=Path, default=DEFAULT_BUNDLE, help="where the model goes")
    return parser.parse_args()


def _build(options: argparse.Namespace, progress: Progress) -> None:
    settings = Settings()
    cache = settings.cache_dir / "images"
    runs = [_member(name, options, settings, progress) for name in options.members]
    joined = join_runs(
        runs,
        options.work / "joined",
        name=NAME,
        weight_bits=WEIGHT_BITS,
        cache_dir=cache,
        stages=progress.stage,
        note=progress.note,
    )
    progress.note(
        "shares: " + ", ".join(f"{n} {s:.0%}" for n, s in zip(options.members, joined.shares, strict=True))
    )
    _install(joined.bundle, options.out)
    progress.note(f"the model is in {options.out}")


def _member(name: str, options: argparse.Namespace, settings: Settings, progress: Progress) -> Path:
    """Train one member, or go on with it; its run folder."""
    folder: Path = options.work / name
    run = RunFolder(folder)
    cache, hub = settings.cache_dir / "images", Hub(settings.cache_dir / "weights")
    if run.finished.is_file():
        return folder
    if run.config.is_file():
        result = resume(folder, cache_dir=cache, stages=progress.stage, note=progress.note, hub=hub)
    else:
        config = load_config(
            TrainConfig,
            defaults=with_recipe,
            file=RECIPES / f"{name}.toml",
            flags={"data": options.data, "out": folder},
        )
        config = config.model_copy(update={"weights": _weights(config.recipe, options.weights)})
        result = train(config, cache_dir=cache, stages=progress.stage, note=progress.note, hub=hub)
    if result.interrupted:
        raise ConfigError("interrupted: run the same again to go on")
    return folder


def _weights(recipe: str, folder: Path | None) -> Path | None:
    """The file in ``folder`` that holds a network's published weights, by its digest; None to ask the hub."""
    hub = get_spec(recipe).hub
    if folder is None or hub is None:
        return None
    digests = {hub.sha256, *(other.sha256 for other in hub.others)}
    for file in sorted(folder.glob("*.safetensors")):
        if file_digest(file) in digests:
            return file
    raise ConfigError(f"{folder}: no .safetensors file there is one of the published weights of {recipe}")


def _install(bundle: Bundle, place: Path) -> None:
    size = sum(file.stat().st_size for file in bundle.path.iterdir())
    if size > MOST_BYTES:
        raise ConfigError(f"{bundle.path} has {size:,} bytes; the package takes {MOST_BYTES:,} at most")
    temporary, aside = (place.with_name(place.name + end) for end in (".new", ".old"))
    for each in (temporary, aside):
        shutil.rmtree(each, ignore_errors=True)
    shutil.copytree(bundle.path, temporary)
    if place.exists():
        place.rename(aside)
    temporary.rename(place)
    shutil.rmtree(aside, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
