"""Fixtures for the tests of datasets: a small web server that can resume, break off and refuse; boxes."""

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from xml.sax.saxutils import escape

import pytest
import yaml
from PIL import Image

from shelfwise.datasets.dataset import Box, Dataset


@dataclass
class Served:
    """A file and how the server treats requests for it."""

    content: bytes
    ranges: bool = True
    validator: bool = True
    break_after: list[int] = field(default_factory=list)  # bytes after which an answer ends, one a request
    statuses: list[int] = field(default_factory=list)  # errors to answer first, one a request
    redirect: str | None = None
    chunked: bool = False


@dataclass
class Site:
    url: str
    files: dict[str, Served]
    requests: list[tuple[str, str | None]]  # path and Range header

    def put(self, path: str, content: bytes, **treatment: Any) -> Served:
        """Serve ``content`` at ``path``."""
        self.files[path] = Served(content, **treatment)
        return self.files[path]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: Site

    def do_GET(self) -> None:
        self.site.requests.append((self.path, self.headers.get("Range")))
        served = self.site.files.get(self.path)
        if served is None:
            self._answer(404, b"no such file")
        elif served.statuses:
            self._answer(served.statuses.pop(0), b"")
        elif served.redirect is not None:
            self._answer(302, b"", {"Location": served.redirect})
        elif served.chunked:
            self._chunks(served.content)
        else:
            self._file(served)

    def _file(self, served: Served) -> None:
        tag = f'"{hashlib.sha256(served.content).hexdigest()[:12]}"'
        headers = {"ETag": tag} if served.validator else {}
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        status, start = 200, 0
        if match and served.ranges and self.headers.get("If-Range") == tag:
            status, start = 206, int(match.group(1))
            end = len(served.content) - 1
            headers["Content-Range"] = f"bytes {start}-{end}/{len(served.content)}"
        body = served.content[start:]
        limit = served.break_after.pop(0) if served.break_after else None
        self._answer(status, body, headers, limit)

    def _answer(
        self, status: int, body: bytes, headers: dict[str, str] | None = None, limit: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body[:limit])
        self.close_connection = True

    def _chunks(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Connection", "close")
        self.end_headers()
        for start in range(0, len(content), 1000):
            piece = content[start : start + 1000]
            self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """A client that hangs up in the middle is part of the tests."""


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A server on 127.0.0.1; tests put files into ``site.files`` under their path."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    site = Site("", {}, [])
    handler = type("Handler", (_Handler,), {"site": site})
    server = _Server(("127.0.0.1", 0), handler)
    site.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


_SIZE = (40, 30)
_Shelf = dict[str, list[tuple[str, Box]]]
"""Photo name to its labelled boxes."""


class Shelves:
    """Writes photos with labelled boxes in the layouts that hold them, and reads what came of them."""

    SHELF: ClassVar[_Shelf] = {
        "a.jpg": [("tea", Box(4, 6, 10, 20)), ("oil", Box(20, 0, 20, 30))],
        "b.jpg": [("tea", Box(0, 0, 8, 5))],
    }

    @staticmethod
    def photo(path: Path, size: tuple[int, int] = _SIZE, *, orientation: int | None = None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        exif = Image.Exif()
        if orientation is not None:
            exif[0x0112] = orientation
        Image.new("RGB", size).save(path, exif=exif)

    @staticmethod
    def write_coco(root: Path, shelf: _Shelf, *, sized: bool = True) -> None:
        names = sorted({name for boxes in shelf.values() for name, _ in boxes})
        images: list[dict[str, Any]] = []
        annotations: list[dict[str, Any]] = []
        for number, (file, boxes) in enumerate(shelf.items()):
            Shelves.photo(root / "images" / file)
            images.append(
                {"id": number, "file_name": file} | ({"width": _SIZE[0], "height": _SIZE[1]} if sized else {})
            )
            for name, box in boxes:
                bbox = [box.x, box.y, box.width, box.height]
                annotations.append(
                    {"id": len(annotations), "image_id": number, "category_id": names.index(name) + 1}
                    | {"bbox": bbox}
                )
        categories = [{"id": number, "name": name} for number, name in enumerate(names, start=1)]
        content = {"images": images, "annotations": annotations, "categories": categories}
        (root / "boxes.json").write_text(json.dumps(content))

    @staticmethod
    def write_yolo(root: Path, shelf: _Shelf) -> None:
        names = sorted({name for boxes in shelf.values() for name, _ in boxes})
        for file, boxes in shelf.items():
            Shelves.photo(root / "train/images" / file)
            label = root / "train/labels" / Path(file).with_suffix(".txt")
            label.parent.mkdir(parents=True, exist_ok=True)
            lines = [
                f"{names.index(name)} {(b.x + b.width / 2) / _SIZE[0]!r} {(b.y + b.height / 2) / _SIZE[1]!r} "
                f"{b.width / _SIZE[0]!r} {b.height / _SIZE[1]!r}"
                for name, b in boxes
            ]
            label.write_text("\n".join(lines))
        (root / "data.yaml").write_text(
            yaml.safe_dump({"train": "../train/images", "nc": len(names), "names": names})
        )

    @staticmethod
    def write_voc(root: Path, shelf: _Shelf) -> None:
        (root / "Annotations").mkdir(parents=True)
        for file, boxes in shelf.items():
            Shelves.photo(root / "JPEGImages" / file)
            objects = "".join(
                f"<object><name>{escape(name)}</name><bndbox><xmin>{b.x + 1}</xmin><ymin>{b.y + 1}</ymin>"
                f"<xmax>{b.x + b.width}</xmax><ymax>{b.y + b.height}</ymax></bndbox></object>"
                for name, b in boxes
            )
            (root / "Annotations" / Path(file).with_suffix(".xml")).write_text(
                f"<annotation><size><width>{_SIZE[0]}</width><height>{_SIZE[1]}</height></size>{objects}</annotation>",
                encoding="utf-8",
            )

    @staticmethod
    def write_unsized_voc(root: Path, shelf: _Shelf) -> None:
        Shelves.write_voc(root, shelf)
        for file in (root / "Annotations").iterdir():
            file.write_text(file.read_text().replace("<width>40</width>", ""))

    @staticmethod
    def shelf_of(dataset: Dataset) -> _Shelf:
        result: _Shelf = {}
        for sample in dataset.samples:
            assert sample.box is not None
            result.setdefault(Path(sample.path).name, []).append(
                (dataset.categories[sample.label], sample.box)
            )
        return result

    WRITERS: ClassVar = {"coco": write_coco, "yolo": write_yolo, "voc": write_voc}


@pytest.fixture(scope="session")
def shelves() -> type[Shelves]:
    """Sets of boxes."""
    return Shelves
