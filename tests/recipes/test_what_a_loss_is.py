import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow


def test_the_loss_falls_in_every_epoch_and_the_accuracy_rises(table):
    epochs = table[table["part"] == "training"]
    assert (epochs["loss"].diff().dropna() < 0).all()
    assert epochs["loss"].iloc[-1] < epochs["loss"].iloc[0] / 10
    assert epochs["accuracy"].iloc[-1] > epochs["accuracy"].iloc[0] + 0.3


def test_a_nudge_changes_the_loss_evenly_and_the_accuracy_not_at_all(table):
    nudges = table[table["part"] == "nudge"]
    steps = np.diff(nudges["loss"])
    assert abs(steps.sum()) > 5e-7  # float32 is right to 2e-9 here
    assert (np.sign(steps) == np.sign(steps.sum())).all()
    assert nudges["accuracy"].nunique() == 1
