import pytest

pytestmark = pytest.mark.tensorflow


def kept(table, way):
    rows = table[table["kept"] & (table["split"] == "val") & (table["way"] == way)]
    return rows.iloc[0]


def test_the_gap_opens(lesson, table):
    gap = lesson.gap(table)
    assert gap.iloc[-1] > gap.iloc[0] + 0.5
    assert gap.iloc[-1] > gap.iloc[len(gap) // 2] > gap.iloc[0]


def test_the_training_loss_falls_on_while_the_validation_loss_turns(table):
    losses = table[table["way"] == "to the end"].pivot_table(
        index="epoch", columns="split", values="loss"
    )
    assert losses["train"].iloc[-1] < 0.1 * losses["train"].iloc[0]
    assert losses["val"].iloc[-1] > 1.5 * losses["val"].min()


def test_stopping_early_ends_with_a_lower_validation_loss(lesson, table):
    early, end = kept(table, "early stopping"), kept(table, "to the end")
    assert early["loss"] < 0.7 * end["loss"]
    assert early["end_loss"] == pytest.approx(early["loss"], rel=1e-4)
    assert table[table["way"] == "early stopping"]["epoch"].max() == (
        early["epoch"] + lesson.PATIENCE
    )


def test_both_ways_begin_alike(table):
    first = table[table["epoch"] == 1].groupby("split")["loss"]
    assert (first.max() == first.min()).all()
