"""This machine may have a GPU or not; it has a CPU."""

import keras
import pytest

import kerastrain as kt

pytestmark = pytest.mark.tensorflow


def test_every_machine_has_a_cpu():
    devices = kt.list_devices()
    assert list(devices.columns) == ["name", "kind"]
    assert "cpu:0" in set(devices["name"])


def test_auto_takes_the_first_of_the_list():
    with kt.use_device() as name:
        assert name == kt.list_devices()["name"].iloc[0]


@pytest.mark.parametrize("name", ["cpu", "CPU", "cpu:0", "/device:CPU:0"])
def test_a_device_has_several_spellings(name):
    with kt.use_device(name) as full:
        assert full == "cpu:0"
        assert "CPU:0" in keras.ops.zeros(2).device


@pytest.mark.parametrize("name", ["cpu:7", "abacus", "", "gpu:99"])
def test_a_device_that_is_not_there_is_refused_with_those_that_are(name):
    with pytest.raises(kt.DeviceError, match=r"this machine has .*cpu:0"):
        kt.use_device(name)  # also where no block follows
