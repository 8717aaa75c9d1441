import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow


def norms(table, activation, start):
    rows = table[(table["part"] == "gradient") & (table["start"] == start)]
    return rows[rows["activation"] == activation].set_index("layer")["gradient"]


def end(lesson, table):
    return table[table["epoch"] == lesson.EPOCHS].set_index("start")["loss"]


def share_that_arrives(table, activation):
    gradient = norms(table, activation, "Glorot")
    return gradient.iloc[0] / gradient.iloc[-1]


def test_the_chain_rule_by_hand_is_right(lesson):
    def loss(v, w):
        return (w * np.tanh(v) - 1) ** 2

    v, w = lesson.WEIGHTS
    step = 1e-6
    numeric = (
        (loss(v + step, w) - loss(v - step, w)) / (2 * step),
        (loss(v, w + step) - loss(v, w - step)) / (2 * step),
    )
    assert lesson.gradient_by_hand(v, w) == pytest.approx(numeric, rel=1e-6)


def test_by_hand_and_by_the_backend_the_gradient_is_the_same(lesson, table):
    chain = table[table["part"] == "chain rule"]
    assert chain["by_hand"].to_numpy() == pytest.approx(chain["backend"], rel=1e-6)
    assert "equal to six digits" in lesson.report(table)
    apart = table.assign(backend=table["by_hand"] + 1e-3)
    assert "1e-03 apart" in lesson.report(apart)


def test_through_sigmoid_layers_the_gradient_vanishes(lesson, table):
    assert norms(table, "sigmoid", "Glorot").is_monotonic_increasing
    assert share_that_arrives(table, "sigmoid") < 0.01
    assert 0.3 < share_that_arrives(table, "relu") < 10


def test_zeros_and_too_small_weights_give_no_gradient_and_too_large_ones_a_huge_one(table):
    glorot = norms(table, "relu", "Glorot")
    assert (norms(table, "relu", "zeros") == 0).all()
    assert norms(table, "relu", "too small").max() < 1e-4 * glorot.min()
    assert norms(table, "relu", "too large").min() > 1e3 * glorot.max()


def test_only_weights_of_a_fitting_size_learn(lesson, table):
    ends = end(lesson, table)
    assert ends[["zeros", "too small"]].to_numpy() == pytest.approx(np.log(10), abs=0.02)
    assert ends["Glorot"] < 0.3
    assert ends["too large"] > np.log(10)


def test_from_equal_weights_all_units_of_a_layer_stay_one_unit(lesson):
    import keras

    keras.utils.set_random_seed(0)
    model = lesson.build_model("sigmoid", "zeros")
    data = lesson.kt.load_dataset("digits")
    model.compile(lesson.kt.adam(0.01), "sparse_categorical_crossentropy")
    lesson.kt.fit(model, data.x[:300] / 16, data.y[:300], epochs=3, verbose=0)
    kernel = model.layers[-1].get_weights()[0]
    assert np.abs(kernel).max() > 0
    np.testing.assert_allclose(kernel, kernel[:1].repeat(len(kernel), axis=0), atol=1e-6)


def test_the_picture_has_both_activations_and_all_starts(lesson, table, axes):
    norms = table[(table["part"] == "gradient") & (table["start"] == "Glorot")]
    for line in axes[0].get_lines():
        rows = norms[norms["activation"] == line.get_label()]
        np.testing.assert_array_equal(line.get_ydata(), rows["gradient"])
    assert {line.get_label() for line in axes[0].get_lines()} == {"sigmoid", "relu"}
    training = table[table["part"] == "training"].groupby("start")["loss"]
    for line, start in zip(axes[1].get_lines(), lesson.STARTS, strict=True):
        assert line.get_label() == start
        np.testing.assert_array_equal(line.get_ydata(), training.get_group(start))


def test_through_two_sigmoid_layers_far_more_arrives(table, tried):
    assert share_that_arrives(tried, "sigmoid") > 20 * share_that_arrives(table, "sigmoid")
