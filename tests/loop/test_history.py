"""The tidy table, and who fills it."""

import math

from kerastrain.loop.history import EpochRecord, tidy


def test_each_epoch_has_a_row_for_training_and_one_where_it_was_validated():
    history = tidy(
        [
            EpochRecord(3, {"loss": 1.0, "mae": 0.5}, 0.1, seconds=2.0),
            EpochRecord(
                4, {"loss": 0.9, "mae": 0.4, "val_loss": 1.1, "val_mae": 0.6}, 0.05, 2.0, 0.5
            ),
        ],
        loop="graph: why",
        seed=7,
    )
    assert list(history) == ["epoch", "split", "loss", "mae", "learning_rate", "seconds"]
    assert history["epoch"].tolist() == [3, 4, 4]
    assert history["split"].tolist() == ["train", "train", "val"]
    assert history["loss"].tolist() == [1.0, 0.9, 1.1]
    assert history["learning_rate"].tolist() == [0.1, 0.05, 0.05]
    assert history["seconds"].tolist() == [2.0, 2.0, 0.5]
    assert history.attrs == {"loop": "graph: why", "seed": 7}


def test_a_metric_whose_own_name_begins_with_val_stays_one_of_the_training():
    logs = {"loss": 1.0, "val_x": 2.0, "val_loss": 3.0, "val_val_x": 4.0}
    history = tidy([EpochRecord(1, logs, val_seconds=0.1)])
    assert history["val_x"].tolist() == [2.0, 4.0]
    assert history["loss"].tolist() == [1.0, 3.0]


def test_a_rate_that_a_callback_wrote_into_the_logs_is_no_metric():
    history = tidy([EpochRecord(1, {"loss": 1.0, "learning_rate": 0.3}, 0.2)])
    assert history["learning_rate"].tolist() == [0.2]
    assert list(history).count("learning_rate") == 1


def test_without_any_epoch_the_table_has_its_columns():
    history = tidy([])
    assert list(history) == ["epoch", "split", "loss", "learning_rate", "seconds"]
    assert history.empty


def test_a_metric_that_only_the_training_has_is_missing_in_the_val_row():
    history = tidy([EpochRecord(1, {"loss": 1.0, "double": 2.0, "val_loss": 3.0}, val_seconds=0.1)])
    assert math.isnan(history["double"][1])
