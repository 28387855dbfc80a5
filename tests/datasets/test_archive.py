import contextlib
import io
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelfwise.datasets.archive import ExtractLimits, extract
from shelfwise.errors import FetchError


def tar_of(path: Path, *members: tuple[tarfile.TarInfo, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as handle:
        for info, content in members:
            info.size = len(content) if info.isreg() else 0
            handle.addfile(info, io.BytesIO(content))
    return path


def file(name: str, content: bytes = b"x") -> tuple[tarfile.TarInfo, bytes]:
    return tarfile.TarInfo(name), content


def special(name: str, kind: bytes, link: str = "") -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info, b""


def zip_of(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as handle:
        for name, content in members.items():
            handle.writestr(name, content)
    return path


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "in" / "target"
    folder.mkdir(parents=True)
    return folder


def inventory(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_tar_is_unpacked_whatever_its_compression_and_name(tmp_path: Path, target: Path, mode: str) -> None:
    archive = tar_of(
        tmp_path / "no-suffix",
        special("images/A", tarfile.DIRTYPE),
        file("images/A/1.png", b"one"),
        file("./images/B/2.png", b"two"),
        mode=mode,
    )
    seen: list[tuple[int, int]] = []
    assert extract(archive, target, progress=lambda done, total: seen.append((done, total))) == 2
    assert inventory(target) == ["images/A/1.png", "images/B/2.png"]
    assert (target / "images/B/2.png").read_bytes() == b"two"
    assert seen == [(3, 0), (6, 0)]


def test_zip_is_unpacked_with_known_total(tmp_path: Path, target: Path) -> None:
    archive = zip_of(tmp_path / "a.zip", {"top/": b"", "top/a.txt": b"hello", "top/b/c.txt": b"you"})
    seen: list[tuple[int, int]] = []
    assert extract(archive, target, progress=lambda done, total: seen.append((done, total))) == 2
    assert inventory(target) == ["top/a.txt", "top/b/c.txt"]
    assert seen[-1] == (8, 8)


def test_what_a_mac_adds_is_left_out(tmp_path: Path, target: Path) -> None:
    archive = zip_of(tmp_path / "a.zip", {"a.txt": b"1", "__MACOSX/._a.txt": b"2", "b/.DS_Store": b"3"})
    assert extract(archive, target) == 1
    assert inventory(target) == ["a.txt"]


HOSTILE_NAMES = ["../evil", "a/../../evil", "/abs", "..\\evil", "C:\\evil", "c:/evil", ".."]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_path_outside_the_target_is_refused_and_named(
    tmp_path: Path, target: Path, name: str, kind: str
) -> None:
    archive = tmp_path / "a"
    if kind == "tar":
        tar_of(archive, file("good.txt"), file(name))
    else:
        zip_of(archive, {"good.txt": b"x", name: b"x"})
    with pytest.raises(FetchError) as caught:
        extract(archive, target)
    assert repr(name) in str(caught.value)
    assert inventory(tmp_path / "in") == ["target/good.txt"]
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize(
    ("kind", "link"),
    [
        (tarfile.SYMTYPE, "/etc"),
        (tarfile.SYMTYPE, "../.."),
        (tarfile.SYMTYPE, "good.txt"),
        (tarfile.LNKTYPE, "../../secret"),
        (tarfile.CHRTYPE, ""),
        (tarfile.FIFOTYPE, ""),
    ],
)
def test_links_and_devices_are_refused(tmp_path: Path, target: Path, kind: bytes, link: str) -> None:
    archive = tar_of(tmp_path / "a", file("good.txt"), special("door", kind, link), file("door/evil"))
    with pytest.raises(FetchError, match="'door'"):
        extract(archive, target)
    assert inventory(target) == ["good.txt"]


def test_link_in_a_zip_is_refused(tmp_path: Path, target: Path) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as handle:
        info = zipfile.ZipInfo("door")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        handle.writestr(info, "/etc")
    with pytest.raises(FetchError, match="'door' is a link"):
        extract(archive, target)


def test_encrypted_member_is_refused(tmp_path: Path, target: Path) -> None:
    archive = zip_of(tmp_path / "a.zip", {"a.txt": b"secret"})
    data = bytearray(archive.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(data)
    with pytest.raises(FetchError, match=r"'a\.txt' is encrypted"):
        extract(archive, target)


@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_bomb_stops_at_the_limit(tmp_path: Path, target: Path, kind: str) -> None:
    zeros = bytes(3_000_000)
    archive = tmp_path / "bomb"
    if kind == "tar":
        tar_of(archive, file("a", zeros), file("b", zeros))
    else:
        zip_of(archive, {"a": zeros, "b": zeros})
    with pytest.raises(FetchError, match="'b' it grows beyond 4,000,000 bytes"):
        extract(archive, target, limits=ExtractLimits(max_bytes=4_000_000))


def test_too_many_members_are_refused(tmp_path: Path, target: Path) -> None:
    archive = tar_of(tmp_path / "a", *(file(f"{i}") for i in range(5)))
    with pytest.raises(FetchError, match="more than 4 members"):
        extract(archive, target, limits=ExtractLimits(max_members=4))


def test_zip_that_lies_about_a_size_is_refused(tmp_path: Path, target: Path) -> None:
    archive = zip_of(tmp_path / "a.zip", {"a": bytes(1_000_000)})
    data = archive.read_bytes().replace((1_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    archive.write_bytes(data)
    with pytest.raises(FetchError):
        extract(archive, target, limits=ExtractLimits(max_bytes=1000))


def test_same_name_twice_is_refused(tmp_path: Path, target: Path) -> None:
    archive = tar_of(tmp_path / "a", file("a", b"1"), file("./a", b"2"))
    with pytest.raises(FetchError, match="in it twice"):
        extract(archive, target)
    assert (target / "a").read_bytes() == b"1"


@pytest.mark.parametrize("cut", [0.3, 0.7, 0.9])
@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_truncated_archive_is_named_as_damaged(tmp_path: Path, target: Path, kind: str, cut: float) -> None:
    archive = tmp_path / "a"
    content = bytes(range(256)) * 40
    if kind == "tar":
        tar_of(archive, file("a", content), file("b", content[::-1]))
    else:
        zip_of(archive, {"a": content, "b": content[::-1]})
    data = archive.read_bytes()
    archive.write_bytes(data[: int(len(data) * cut)])
    with pytest.raises(FetchError, match=f"{archive}.*(damaged|neither)"):
        extract(archive, target)


@given(data=st.binary(max_size=600), seed=st.integers(0, 10_000), kind=st.sampled_from(["tar", "zip", "raw"]))
def test_any_bytes_give_files_inside_or_a_fetch_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, seed: int, kind: str
) -> None:
    root = tmp_path_factory.mktemp("fuzz")
    target = root / "target"
    target.mkdir()
    archive = root / "archive"
    if kind == "tar":
        tar_of(archive, file("a/b", data), mode="w")
    elif kind == "zip":
        zip_of(archive, {"a/b": data})
    else:
        archive.write_bytes(data)
    content = bytearray(archive.read_bytes())
    if content and kind != "raw":
        content[seed % len(content)] ^= 0x55
        archive.write_bytes(content)
    with contextlib.suppress(FetchError):
        extract(archive, target)
    assert {p.name for p in root.iterdir()} == {"target", "archive"}
