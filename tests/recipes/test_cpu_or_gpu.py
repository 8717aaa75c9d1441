import pytest

import kerastrain as kt

pytestmark = pytest.mark.tensorflow


def test_every_device_of_the_machine_is_measured(lesson, table):
    devices = set(kt.list_devices()["name"])
    assert set(table["device"]) == devices
    assert len(table) == len(devices) * len(lesson.UNITS)
    assert (table["seconds_per_epoch"] > 0).all()


def test_every_device_gives_the_same_result(lesson, table):
    assert (table["largest_gap"] <= lesson.TOLERANCE).all()


def test_a_training_on_the_same_device_repeats(lesson):
    first, _ = lesson.train(16, "cpu")
    again, _ = lesson.train(16, "cpu")
    assert first.shape == (1792, 10)
    assert abs(first - again).max() <= lesson.TOLERANCE
