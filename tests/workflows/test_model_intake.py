import io
import struct
import zipfile
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, external_data_helper, helper

from shelfwise.bundle import read_bundle
from shelfwise.errors import BundleError
from shelfwise.workflows.model_intake import IntakeLimits, take_in
from shelfwise.workflows.onnx_check import refuse_outside_weights


@pytest.fixture
def bundle(toy, tmp_path):
    return toy.write_toy_bundle(tmp_path / "source" / "bundle").path


@pytest.fixture
def room(tmp_path):
    (tmp_path / "room").mkdir()
    return tmp_path / "room"


def zipped(files, method=zipfile.ZIP_DEFLATED):
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    written.seek(0)
    return written


def files_of(bundle, below=""):
    return {f"{below}{path.name}": path.read_bytes() for path in sorted(bundle.iterdir())}


@pytest.mark.parametrize("below", ["", "bundle/", "runs/shop/bundle/"])
def test_a_zipped_bundle_is_the_same_bundle(bundle, room, below):
    taken = take_in(zipped(files_of(bundle, below)), room)
    assert taken == read_bundle(room / "bundle")
    assert taken.id == read_bundle(bundle).id


def test_it_may_be_a_file_packed_by_a_person_s_computer(bundle, room, tmp_path):
    clutter = {"__MACOSX/bundle/._card.md": b"x", "bundle/.DS_Store": b"x", "bundle/": b""}
    path = tmp_path / "model.zip"
    path.write_bytes(zipped({**clutter, **files_of(bundle, "bundle/")}).read())
    assert take_in(path, room).name == "toy"
    assert sorted(each.name for each in (room / "bundle").iterdir()) == [
        "bundle.json",
        "card.md",
        "model.onnx",
    ]


def test_the_report_comes_along(bundle, room):
    page = {"run/report/index.html": b"<h1>Report</h1>", "run/report/confusion.png": b"png"}
    take_in(zipped({**files_of(bundle, "run/bundle/"), **page}), room)
    assert (room / "report.html").read_bytes() == b"<h1>Report</h1>"
    assert sorted(each.name for each in room.iterdir()) == ["bundle", "report.html"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../evil.txt", "leads outside"),
        ("/etc/evil", "leads outside"),
        ("bundle\\..\\..\\evil", "leads outside"),
        ("C:/evil", "leads outside"),
        ("bundle/checkpoint.pt", r"checkpoint\.pt.*no part of a bundle"),
        ("bundle/deep/card.md", "no part of a bundle"),
        ("other/bundle.json", "one bundle.*holds 2"),
    ],
)
def test_what_is_no_part_of_a_bundle_is_refused_before_anything_is_written(bundle, room, name, reason):
    with pytest.raises(BundleError, match=reason):
        take_in(zipped({**files_of(bundle, "bundle/"), name: b"x"}), room)
    assert not list(room.parent.rglob("evil*"))
    assert list((room / "bundle").iterdir()) == []


def test_links_and_encrypted_files_are_refused(bundle, room, tmp_path):
    link = zipfile.ZipInfo("bundle/metric.npz")
    link.external_attr = 0o120777 << 16
    written = zipped(files_of(bundle, "bundle/"))
    with zipfile.ZipFile(written, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(BundleError, match="is a link"):
        take_in(written, room)
    data = bytearray(zipped(files_of(bundle)).getvalue())
    start = data.rindex(b"PK\x01\x02")
    data[start + 8] |= 1
    (tmp_path / "second").mkdir()
    with pytest.raises(BundleError, match="encrypted"):
        take_in(io.BytesIO(bytes(data)), tmp_path / "second")


def test_a_bomb_is_refused_by_what_it_states_and_by_its_ratio(bundle, room, tmp_path):
    bomb = {**files_of(bundle), "metric.npz": bytes(8 << 20)}
    with pytest.raises(BundleError, match="compressed too well"):
        take_in(zipped(bomb), room)
    for number, limits in enumerate((IntakeLimits(unpacked_bytes=500), IntakeLimits(packed_bytes=500))):
        (folder := tmp_path / str(number)).mkdir()
        with pytest.raises(BundleError, match="more than"):
            take_in(zipped(files_of(bundle)), folder, limits)


def test_a_long_list_of_files_is_refused_before_it_is_read(bundle, room):
    many = {**files_of(bundle), **{f"report/{number}.png": b"" for number in range(300)}}
    with pytest.raises(BundleError, match="more than 200 files"):
        take_in(zipped(many), room)


def test_a_list_that_lies_about_its_sizes_writes_no_more(bundle, room):
    data = bytearray(zipped(files_of(bundle), zipfile.ZIP_STORED).getvalue())
    start = data.index(b"PK\x01\x02")
    stated = struct.unpack_from("<I", data, start + 24)[0]
    struct.pack_into("<I", data, start + 24, stated - 10)
    with pytest.raises(BundleError):
        take_in(io.BytesIO(bytes(data)), room)


@pytest.mark.parametrize("data", [b"", b"no zip at all" * 10, b"PK\x05\x06" + bytes(17)])
def test_what_is_no_zip_says_so(room, data):
    with pytest.raises(BundleError, match=r"no (sound )?ZIP file"):
        take_in(io.BytesIO(data), room)


@pytest.mark.parametrize("cut", [0.3, 0.9])
def test_half_an_upload_is_refused(bundle, room, cut):
    data = zipped(files_of(bundle)).getvalue()
    with pytest.raises(BundleError):
        take_in(io.BytesIO(data[: int(cut * len(data))]), room)


def test_a_flipped_bit_is_found(bundle, room):
    data = bytearray(zipped(files_of(bundle), zipfile.ZIP_STORED).getvalue())
    data[data.index(b"# Toy")] ^= 1
    with pytest.raises(BundleError, match="ZIP"):
        take_in(io.BytesIO(bytes(data)), room)


def test_a_changed_bundle_is_found_although_the_zip_is_sound(bundle, room):
    with pytest.raises(BundleError, match="checksum differs"):
        take_in(zipped({**files_of(bundle), "card.md": b"# Tox\n"}), room)


def test_a_zip_without_a_bundle_says_so(room):
    with pytest.raises(BundleError, match="holds none"):
        take_in(zipped({"photo.jpg": b"x"}), room)


def outside(kind="initializer"):
    tensor = helper.make_tensor("w", TensorProto.FLOAT, [2], [1.0, 2.0])
    tensor.raw_data = b"\0" * 8
    external_data_helper.set_external_data(tensor, "/etc/passwd")
    tensor.ClearField("raw_data")
    tensor.ClearField("float_data")
    tensor.data_location = TensorProto.EXTERNAL
    made = [helper.make_node("Constant", [], ["c"], value=tensor)]
    if kind == "subgraph":
        inner = helper.make_graph(made, "inner", [], [helper.make_tensor_value_info("c", 1, [2])])
        made = [helper.make_node("If", ["x"], ["y"], then_branch=inner, else_branch=inner)]
    nodes, weights = ([], [tensor]) if kind == "initializer" else (made, [])
    graph = helper.make_graph(nodes, "g", [], [], weights)
    return helper.make_model(graph).SerializeToString()


@pytest.mark.parametrize("kind", ["initializer", "constant", "subgraph"])
def test_a_network_that_reads_other_files_is_refused(toy, tmp_path, room, kind):
    data = outside(kind)
    with pytest.raises(BundleError, match="reads weights from other files"):
        refuse_outside_weights(data, "model.onnx")
    hostile = toy.write_toy_bundle(tmp_path / "hostile", model_onnx=data).path
    with pytest.raises(BundleError, match="reads weights from other files"):
        take_in(zipped(files_of(hostile)), room)


def test_networks_of_all_kinds_pass(toy):
    refuse_outside_weights(toy.toy_onnx(), "model.onnx")
    packaged = read_bundle(Path(__file__).parents[2] / "src" / "shelfwise" / "default_model")
    refuse_outside_weights(packaged.model_onnx(), "model.onnx")
    assert onnx.load_from_string(toy.toy_onnx()).graph.initializer


@pytest.mark.parametrize("data", [b"\x3a\xff\x01x", b"\x0f", b"\xff" * 12, b"\x3a"])
def test_what_is_no_network_is_refused(data):
    with pytest.raises(BundleError, match="is no ONNX network"):
        refuse_outside_weights(data, "model.onnx")
