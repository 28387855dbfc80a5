from shelfwise.inference.cpu import cpu_flags


def test_flags_are_those_of_all_cores(tmp_path):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(
        "processor: 0\nflags\t\t: sse avx2 amx_bf16\n\nprocessor: 1\nflags\t\t: sse avx2\nbugs: x\n"
    )
    assert cpu_flags(cpuinfo) == {"sse", "avx2"}


def test_where_the_system_does_not_tell_nothing_is_taken_for_granted(tmp_path):
    assert cpu_flags(tmp_path / "none") == frozenset()
    (tmp_path / "arm").write_text("processor: 0\nFeatures: neon\n")
    assert cpu_flags(tmp_path / "arm") == frozenset()
    (tmp_path / "noise").write_bytes(bytes(range(256)) * 10)
    assert cpu_flags(tmp_path / "noise") == frozenset()
