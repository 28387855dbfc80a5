"""Small sets of nearly plain colours, in the layouts of the public sets that the benchmarks read."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import yaml
from PIL import Image

Colour = tuple[int, int, int]


def photo(path: Path, colour: Colour, random: np.random.Generator, size: int = 40) -> None:
    """One picture of a colour, with noise of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.array(colour) + random.integers(-20, 21, (size, size, 3)) + random.integers(-10, 11, 3)
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path)


def freiburg(folder: Path, colours: Mapping[str, Colour], *, each: int = 2) -> None:
    """Freiburg's layout: so many photos of each category in each of four folds."""
    random = np.random.default_rng(0)
    folds: list[list[str]] = [[] for _ in range(4)]
    for name, colour in colours.items():
        for number in range(4 * each):
            place = f"images/{name}/{name}{number:04}.png"
            photo(folder / place, colour, random)
            folds[number % 4].append(place + "\n")
    (folder / "folds").mkdir()
    for number, lines in enumerate(folds):
        (folder / "folds" / f"fold{number}.txt").write_text("".join(lines))


def grocery_store(folder: Path, colours: Mapping[str, Colour], *, each: int = 4) -> None:
    """Grocery Store's layout: so many photos of each class (``Fruit/Apple/Granny-Smith``) in train and in test."""
    random = np.random.default_rng(1)
    coarse = list(dict.fromkeys(name.split("/")[1] for name in colours))
    rows = [
        "Class Name (str), Class ID (int), Coarse Class Name (str), Coarse Class ID (int), Iconic Image Path"
    ]
    lists: dict[str, list[str]] = {"train": [], "val": [], "test": []}
    for number, (name, colour) in enumerate(colours.items()):
        above, fine = name.split("/")[1], name.rpartition("/")[2]
        icon = f"/iconic-images-and-descriptions/{name}/{fine}_Iconic.jpg"
        rows.append(f"{fine},{number},{above},{coarse.index(above)},{icon}")
        for part in ("train", "test"):
            for count in range(each):
                place = f"{part}/{name}/{fine}_{count:03}.png"
                photo(folder / place, colour, random)
                lists[part].append(f"{place}, {number}, {coarse.index(above)}")
    (folder / "classes.csv").write_text("\n".join(rows) + "\n")
    for part, lines in lists.items():
        (folder / f"{part}.txt").write_text("".join(f"{line}\n" for line in lines))


def checkout_items(folder: Path, colours: Mapping[str, Colour], *, each: int = 2) -> None:
    """The layout of checkout-items: boxes in YOLO form, so many photos of each item in train, val and test."""
    random = np.random.default_rng(2)
    for part in ("train", "val", "test"):
        for number, (name, colour) in enumerate(colours.items()):
            for count in range(each):
                photo(folder / part / "images" / f"{name}{count}.png", colour, random)
                label = folder / part / "labels" / f"{name}{count}.txt"
                label.parent.mkdir(parents=True, exist_ok=True)
                label.write_text(f"{number} 0.5 0.5 0.8 0.8\n")
    parts = {part: f"../{part}/images" for part in ("train", "val", "test")}
    (folder / "data.yaml").write_text(yaml.safe_dump({**parts, "nc": len(colours), "names": list(colours)}))
