"""What the line of progress shows, as somebody at a terminal sees it."""

import contextlib
import os
import pty
import re
import subprocess
import sys

import pytest

from kerastrain.loop.progress import Progress

SCRIPT = """
import numpy as np, keras, kerastrain as kt
x = np.random.default_rng(0).normal(size=(200, 3)).astype("float32")
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
run = kt.train(model, x, x[:, 0] * 2.5, epochs=8, validation_split=0.2, seed=0, check="off")
last = run.history.iloc[-1]
print(f"LAST epoch {last['epoch']}/8 val_loss {last['loss']:.4g} val_mae {last['mae']:.4g}")
"""


def screen_of(script: str) -> list[str]:
    """Run a script at a pseudo-terminal and give the lines as they stand there at the end."""
    parent, child = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=child, stderr=subprocess.DEVNULL, env=environment
    )
    os.close(child)
    written = b""
    with contextlib.suppress(OSError):  # Linux raises EIO when the other side has ended
        while block := os.read(parent, 4096):
            written += block
    os.close(parent)
    assert process.wait() == 0, written.decode()
    lines = []
    for line in written.decode().replace("\r\n", "\n").split("\n"):
        shown = ""
        for part in line.split("\r"):
            shown = part + shown[len(part) :]
        lines.append(shown.rstrip())
    return lines


@pytest.mark.tensorflow
@pytest.mark.process
def test_the_line_that_stays_shows_the_last_row_of_the_history():
    stays, last, rest = screen_of(SCRIPT)
    assert rest == ""
    for word in last.removeprefix("LAST epoch ").split(" val_"):
        assert word in stays
    assert re.search(r"  \d+ s$", stays)
    assert "left" not in stays


def drawn(capsys) -> str:
    return capsys.readouterr().out.split("\r")[-1].rstrip()


def test_numbers_stand_beside_their_own_epoch(capsys, monkeypatch):
    clock = iter(range(100))
    monkeypatch.setattr("time.monotonic", lambda: float(next(clock)))
    progress = Progress(1, epochs=3)
    progress.begin_epoch(0, 10)
    progress.steps_done(5)
    assert drawn(capsys) == "epoch 1/3  50%"  # no time left: one step tells nothing
    progress.end_epoch(0, {"loss": 0.5})
    assert drawn(capsys) == "epoch 1/3  loss 0.5  4 s left"
    progress.begin_epoch(1, 10)
    progress.steps_done(5)
    assert drawn(capsys) == "epoch 2/3  50%  3 s left  (epoch 1: loss 0.5)"
    progress.end_epoch(1, {"loss": 0.25})
    progress.close()
    progress.close()
    assert drawn(capsys) == "epoch 2/3  loss 0.25  5 s"


def test_ctrl_c_says_what_is_kept(capsys):
    progress = Progress(1, epochs=9)
    progress.end_epoch(3, {"loss": 0.5})
    progress.close(interrupted=True)
    line = drawn(capsys)
    assert line.startswith("epoch 4/9  loss 0.5")
    assert line.endswith("stopped by Ctrl-C: the weights and the history up to here are kept")


def test_nothing_is_drawn_where_nobody_watches(capsys):
    for verbose in (0, "auto"):
        progress = Progress(verbose, epochs=2)
        progress.end_epoch(0, {"loss": 0.5})
        progress.close()
    assert capsys.readouterr().out == ""


def test_a_line_an_epoch_with_2(capsys):
    progress = Progress(2, epochs=2)
    progress.end_epoch(0, {"loss": 0.5})
    progress.close()
    assert capsys.readouterr().out == "epoch 1/2  loss 0.5\n"
