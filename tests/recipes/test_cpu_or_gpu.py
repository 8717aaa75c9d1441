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


def test_the_weights_are_counted_as_keras_does(lesson):
    import keras

    hidden = [keras.layers.Dense(16) for _ in range(2)]
    model = keras.Sequential([keras.Input((64,)), *hidden, keras.layers.Dense(10)])
    assert lesson.weights(16) == model.count_params()


def test_the_report_and_the_picture_give_each_time_that_was_measured(lesson, table, axes):
    said = lesson.report(table)
    for seconds in table["seconds_per_epoch"]:
        assert f"takes {1000 * seconds:.0f} ms an epoch" in said
    drawn = [bar.get_width() for bar in axes[0].patches]
    assert drawn == pytest.approx((1000 * table["seconds_per_epoch"]).tolist())
    assert f"{lesson.more_weights():.0f} times the weights" in axes[0].get_title(loc="left")


def test_the_time_grows_far_less_than_the_weights(lesson, table):
    times = table.groupby("units")["seconds_per_epoch"].min()
    assert times[256] < lesson.more_weights() / 3 * times[16]


def test_a_large_network_keeps_a_cpu_busy(lesson, tried):
    seconds = tried[tried["device"].str.startswith("cpu")]["seconds_per_epoch"].tolist()
    assert seconds[-1] > 5 * seconds[0]
