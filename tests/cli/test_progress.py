import io
from collections.abc import Iterator

import pytest

from shelfwise.cli import progress as module
from shelfwise.cli.progress import Progress, duration, stage, track


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock() -> Clock:
    return Clock()


def run(progress: Progress, clock: Clock, total: int, seconds: float, text: str = "") -> None:
    report = progress.stage("Decoding", total)
    for done in range(1, total + 1):
        clock.now += seconds / total
        report(done, total, text)


def test_short_work_says_nothing_off_a_terminal(clock: Clock) -> None:
    stream = io.StringIO()
    with Progress(stream, clock) as progress:
        run(progress, clock, 100, 1.9)
    assert stream.getvalue() == ""


def test_plain_lines_with_percent_and_time_left(clock: Clock) -> None:
    stream = io.StringIO()
    with Progress(stream, clock) as progress:
        run(progress, clock, 2048, 16)
    assert stream.getvalue().splitlines() == [
        "Decoding: 31 % (640 of 2,048), 11 s left",
        "Decoding: 62 % (1,280 of 2,048), 6 s left",
        "Decoding: 93 % (1,920 of 2,048), 1 s left",
        "Decoding: 2,048 done in 16 s",
    ]


def test_text_is_shown(clock: Clock) -> None:
    stream = io.StringIO()
    with Progress(stream, clock) as progress:
        run(progress, clock, 2, 12, "loss 0.53")
    assert stream.getvalue().splitlines() == [
        "Decoding: 50 % (1 of 2), 6 s left, loss 0.53",
        "Decoding: 2 done in 12 s, loss 0.53",
    ]


def test_unknown_total_counts(clock: Clock) -> None:
    stream = io.StringIO()
    with Progress(stream, clock) as progress:
        report = progress.stage("Reading")
        clock.now = 6
        report.advance(7)
        clock.now = 8
    assert stream.getvalue().splitlines() == ["Reading: 7 done", "Reading: 7 done in 8 s"]


def test_time_left_leaves_out_what_an_earlier_run_did(clock: Clock) -> None:
    with Progress(io.StringIO(), clock) as progress:
        report = progress.stage("Training", 100)
        report(50)
        clock.now = 10
        report(60)
        assert report.remaining == pytest.approx(40)


def test_several_stages_and_notes(clock: Clock) -> None:
    stream = io.StringIO()
    with Progress(stream, clock) as progress:
        run(progress, clock, 2, 1)
        progress.note("checkpoint kept")
        run(progress, clock, 2, 12)
    assert stream.getvalue().splitlines() == [
        "checkpoint kept",
        "Decoding: 50 % (1 of 2), 6 s left",
        "Decoding: 2 done in 12 s",
    ]


def test_interrupted_work_is_not_called_done(clock: Clock) -> None:
    stream = io.StringIO()
    with pytest.raises(KeyboardInterrupt), Progress(stream, clock) as progress:
        report = progress.stage("Training", 4)
        clock.now = 6
        report(1)
        raise KeyboardInterrupt
    assert "done in" not in stream.getvalue()


def test_dumb_terminal_gets_plain_lines(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    stream = Terminal()
    with Progress(stream, clock) as progress:
        run(progress, clock, 2, 12)
    assert "\x1b" not in stream.getvalue()
    assert "50 %" in stream.getvalue()


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    yield Terminal()


def test_bar_on_a_terminal(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DELAY", 0.0)
    with Progress(terminal) as progress:
        report = progress.stage("Training", 4)
        progress._display._timers[report].join()  # type: ignore[attr-defined]
        report(3, 4, "loss [0.53]")
    shown = terminal.getvalue()
    assert "Training" in shown
    assert "75%" in shown
    assert "loss [0.53]" in shown
    assert "\x1b[3" in shown


def test_no_color_is_honoured(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(module, "DELAY", 0.0)
    with Progress(terminal) as progress:
        report = progress.stage("Training", 4)
        progress._display._timers[report].join()  # type: ignore[attr-defined]
        report(3)
    assert "75%" in terminal.getvalue()
    assert "\x1b[3" not in terminal.getvalue()


def test_short_work_shows_no_bar(terminal: Terminal) -> None:
    with Progress(terminal) as progress:
        report = progress.stage("Training", 4)
        for done in range(5):
            report(done)
    assert terminal.getvalue() == ""


def test_track_gives_items_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(track([3, 1, 2], "Reading")) == [3, 1, 2]
    assert list(track((each for each in "ab"), "Reading")) == ["a", "b"]
    assert capsys.readouterr() == ("", "")


def test_stage_is_a_callback() -> None:
    with stage("Hashing") as report:
        report(1, 2)
        assert (report.done, report.total, report.complete) == (1, 2, False)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (190, "3 min 10 s"), (3900, "1 h 05 min")],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text
