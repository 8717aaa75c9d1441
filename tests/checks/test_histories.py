"""The verdict on real trainings: the cause is named, and a healthy one is not blamed."""

import warnings

import histories
import keras
import numpy as np
import pytest

import kerastrain as kt

pytestmark = pytest.mark.tensorflow
SAME = {"one-class": {"one-class-only", "accuracy-of-one-class"}}
QUICK = [next(t for t in histories.FAULTY if t.cause == cause)
         for cause in dict.fromkeys(t.cause for t in histories.FAULTY)]  # fmt: skip


def rules_of(training, seed):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of divergence, which is meant
        run = training.run(seed)
    return {finding.rule for finding in run.findings if finding.severity != "note"}


def is_named(training, seed):
    return bool(rules_of(training, seed) & SAME.get(training.cause, {training.cause}))


@pytest.mark.parametrize("training", QUICK, ids=str)
def test_the_cause_is_named(training):
    assert is_named(training, seed=0)


@pytest.mark.parametrize("training", histories.HEALTHY[:4], ids=str)
def test_a_healthy_training_has_no_finding(training):
    assert rules_of(training, seed=0) == set()


@pytest.mark.slow
def test_nine_of_ten_causes_are_named_and_no_healthy_training_is_blamed():
    """Ten causes, 43 set-ups, two seeds; 16 healthy set-ups, two seeds: six minutes."""
    cases = [(training, seed) for training in histories.FAULTY for seed in (0, 1)]
    missed = [(str(training), seed) for training, seed in cases if not is_named(training, seed)]
    assert len({training.cause for training, _ in cases}) >= 8
    assert len(cases) >= 40
    assert len(missed) <= len(cases) / 10, missed
    healthy = [(training, seed) for training in histories.HEALTHY for seed in (0, 1)]
    assert len(healthy) >= 30
    blamed = {f"{training} {seed}": rules_of(training, seed) for training, seed in healthy}
    assert {name: rules for name, rules in blamed.items() if rules} == {}


SETS = ["doctor_visits", "penguin_mass", "fuel", "engel", "diamonds", "weather"]


@pytest.mark.slow
@pytest.mark.parametrize("name", SETS)
def test_numbers_out_of_reach_are_told_before_and_after_and_the_fix_helps(name):
    data = kt.load_dataset(name)
    x = np.asarray(data.x, "float32")
    x = (x - x.mean(axis=0)) / (x.std(axis=0) + 1e-9)

    def build(choice):
        layers = [keras.layers.Dense(32, "relu"), keras.layers.Dense(choice.units)]
        return keras.Sequential([keras.Input(x.shape[1:]), *layers])

    given = {"loss": "mse", "validation_split": 0.2, "seed": 0, "verbose": 0, "task": "regression"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plain = kt.train(build, x, data.y, check="warn", **given)
    best = plain.history.loc[plain.history["split"] == "val", "loss"].min()
    told = {finding.rule for finding in plain.findings}
    if best >= plain.baseline:
        if best > 1.5 * plain.baseline:  # nearer than that no rule can be sure beforehand
            assert {"unscaled-targets", "learning-rate-low"} & told  # before the first step
        assert {"knows-nothing"} <= told  # after the last
        mended = kt.train(build, x, data.y, optimizer="auto", **given)
        assert mended.history["loss"].iloc[-1] < mended.baseline
        assert not {"unscaled-targets", "knows-nothing"} & {f.rule for f in mended.findings}
    elif best < 0.95 * plain.baseline:
        assert not {"unscaled-targets", "knows-nothing"} & told
