"""Nothing stands between the reader and the lesson."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.tensorflow
@pytest.mark.process
def test_nothing_precedes_the_first_line_of_a_lesson():
    given = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    ended = subprocess.run(
        [sys.executable, "-m", "recipes.metric_names"],
        cwd=ROOT,
        env=given | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )
    import recipes.metric_names

    first = (recipes.metric_names.__doc__ or "").splitlines()[0]
    assert ended.stdout.startswith(first)


@pytest.mark.process
def test_other_lines_and_errors_still_arrive():
    script = (
        "import os, sys; from recipes.quiet import drop_startup_lines; drop_startup_lines(); "
        "os.write(2, b'I0000 00:00:17 1 port.cc:153] oneDNN\\nWARNING: All log messages before absl"
        "::InitializeLog() is called\\nmine\\n'); raise ValueError('the last word')"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.stderr.splitlines()[0] == "mine"
    assert ended.stderr.splitlines()[-1] == "ValueError: the last word"
    assert "0000" not in ended.stderr
