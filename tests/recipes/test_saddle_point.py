import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_on_the_ridge_nothing_ever_leaves_it(table, momentum):
    walk = table[(table["case"] == "on the ridge") & (table["momentum"] == momentum)]
    assert len(walk) == 601
    assert (walk["y"] == 0).all()
    assert walk["gradient_norm"].iloc[-1] < 1e-9
    assert walk["value"].iloc[-1] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("case", ["after a nudge", "small batches"])
def test_a_nudge_or_the_noise_of_batches_is_enough_and_momentum_is_faster(lesson, table, case):
    steps = lesson.escape_steps(table)
    assert np.isfinite(steps[case, 0.0])
    assert steps[case, 0.9] < steps[case, 0.0] / 2


def test_no_step_count_stands_where_nothing_escapes(lesson, table):
    assert lesson.escape_steps(table)["on the ridge"].isna().all()


def test_the_pull_of_all_examples_is_none_and_of_a_batch_some(lesson):
    assert lesson.NUDGE == 1e-3
    batch = lesson.in_small_batches()
    pulls = {float(batch(0.0, 1.0) - lesson.f(0.0, 1.0)) for _ in range(20)}
    assert len(pulls) > 3
    assert max(abs(pull) for pull in pulls) <= 0.01 + 1e-6
