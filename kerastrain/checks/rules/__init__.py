# ruff: noqa: E501  the rows of the table are read across
"""Every rule in one table: its name, how serious it is, and the function that looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pandas as pd

from kerastrain.checks.findings import Problem, Severity
from kerastrain.checks.rules import (
    callbacks,
    data,
    datasets,
    heads,
    labels,
    leaks,
    metrics,
    naming,
    network,
    optimizers,
    own_losses,
    running,
    shapes,
    weights,
)
from kerastrain.checks.setup import Setup

__all__ = ["RULES", "Rule", "list_checks"]


@dataclass(frozen=True)
class Rule:
    """Hold one rule.

    Attributes:
        name: The name that findings carry and that `silence=` takes.
        severity: How serious its findings are.
        look: The function that looks at a set-up and yields what it sees.
        example: What it speaks on, in short.
    """

    name: str
    severity: Severity
    look: Callable[[Setup], Iterator[Problem]]
    example: str

    @property
    def line(self) -> str:
        """The first line of the function's docstring: what it looks for."""
        return (self.look.__doc__ or "").splitlines()[0]


# fmt: off
RULES = (
    # names and arguments
    Rule("unknown-argument", "error", naming.unknown_argument, 'check(model, x, y, nb_epoch=10)'),
    Rule("loss-name", "error", naming.loss_name, "loss='categorical_cross_entropy'"),
    Rule("loss-missing", "error", naming.loss_missing, "model.compile('adam')"),
    Rule("metric-name", "error", naming.metric_name, "metrics=['acuracy']"),
    Rule("optimizer-name", "error", naming.optimizer_name, "optimizer='adamm'"),
    Rule("parts-matched", "error", naming.parts_matched, "loss=['mse'] for two outputs"),
    Rule("loss-weights", "error", naming.loss_weights, 'loss_weights=[1, 1, 1] for two outputs'),
    # inputs
    Rule("input-numbers", "error", data.inputs_are_numbers, 'x of dtype object'),
    Rule("input-fits", "error", data.input_fits, 'x of (n, 5) for Input((6,))'),
    Rule("embedding-range", "error", data.embedding_range, 'word 90 for Embedding(90, 8)'),
    Rule("rows-paired", "error", data.rows_paired, 'x of 60 rows, y of 59'),
    Rule("index-order", "error", data.index_order, 'x and y sorted differently'),
    Rule("missing-values", "error", data.missing_values, 'x[7, 1] is NaN'),
    Rule("constant-input", "error", data.constant_input, 'x = pixels // 255'),
    # data sets and generators
    Rule("labels-inside", "error", datasets.labels_inside, 'check(model, data_set, y)'),
    Rule("batch-form", "error", datasets.batch_form, 'yield [x, y]'),
    Rule("unbatched", "error", datasets.unbatched, 'from_tensor_slices((x, y)) without batch'),
    Rule("unknown-shape", "error", datasets.unknown_shape, 'from_generator without shapes'),
    Rule("endless", "error", datasets.endless, 'data.repeat() without steps_per_epoch'),
    Rule("endless-validation", "error", datasets.endless_validation, 'validation_data=data.repeat()'),
    Rule("empty-data", "error", datasets.empty, 'batch(32, drop_remainder=True) of 10 rows'),
    # labels against the loss
    Rule("labels-missing", "error", labels.labels_missing, 'check(model, x) with a loss'),
    Rule("label-reading", "error", labels.label_reading, 'y of prices as text, such as "$24"'),
    Rule("label-numbers", "error", labels.labels_are_numbers, "y = ['cat', 'dog'] with a loss for ids"),
    Rule("label-shape", "error", shapes.label_shape, 'one-hot y under a sparse loss'),
    Rule("label-range", "error", labels.label_range, 'ids 1..10 under Dense(10)'),
    Rule("label-overflow", "error", labels.label_overflow, '300 classes as uint8'),
    Rule("labels-cut", "error", labels.labels_cut, 'y = 1.9 under a sparse loss'),
    Rule("binary-range", "error", labels.binary_range, 'y of -1/+1, or masks of 0/255'),
    Rule("hinge-labels", "error", labels.hinge_labels, 'y of 1/2 under hinge'),
    Rule("one-class", "error", labels.one_class, 'y = zeros'),
    Rule("exclusive-labels", "error", labels.exclusive_labels, '[1, 1, 0] under a softmax'),
    Rule("empty-rows", "error", labels.empty_rows, 'get_dummies(y, drop_first=True)'),
    Rule("rows-sum-to-one", "error", labels.rows_sum_to_one, '[0.9, 0.8] under a softmax with mse'),
    Rule("positive-targets", "error", labels.positive_targets, 'y = 0 under mape'),
    Rule("own-loss-broadcast", "error", shapes.custom_loss_broadcast, 'y of (n,) in a Loss of your own'),
    Rule("loss-upside-down", "error", own_losses.upside_down, 'loss=dice_coefficient'),
    Rule("own-loss-out-of-reach", "error", own_losses.unreachable, 'masks of 0/255 and a sigmoid'),
    Rule("loss-not-finite", "error", own_losses.not_a_number, 'log(p) where p can be 0'),
    # the last layer against loss and labels
    Rule("no-probabilities", "error", heads.no_probabilities, 'Dense(10) under a cross-entropy'),
    Rule("softmax-twice", "error", heads.softmax_twice, "Dense(10, 'softmax'), Softmax()"),
    Rule("squashed-scores", "error", heads.squashed_scores, "Dense(10, 'relu'), Softmax()"),
    Rule("squashed-logits", "error", heads.squashed_logits, "Dense(10, 'relu') with from_logits=True"),
    Rule("one-unit-softmax", "error", heads.one_unit_softmax, "Dense(1, 'softmax')"),
    Rule("softmax-axis", "error", heads.softmax_axis, 'Softmax(axis=1) over steps'),
    Rule("out-of-reach", "error", heads.out_of_reach, 'a sigmoid for prices'),
    Rule("positive-output", "error", heads.positive_output, 'poisson on Dense(1)'),
    Rule("hinge-head", "error", heads.hinge_head, 'hinge on a sigmoid'),
    Rule("cosine-of-one", "error", heads.cosine_of_one, 'cosine_similarity on Dense(1)'),
    Rule("dropout-last", "error", heads.dropout_last, 'softmax, then Dropout'),
    # the network
    Rule("nothing-trainable", "error", network.nothing_trainable, 'model.trainable = False'),
    Rule("no-gradient", "error", network.no_gradient, 'round(p) in a loss'),
    Rule("dead-start", "error", network.dead_start, "kernel_initializer='zeros'"),
    # the optimizer
    Rule("learning-rate-sign", "error", optimizers.learning_rate_sign, 'SGD(-0.01)'),
    Rule("overshoot", "error", optimizers.overshoot, 'SGD(2.0) on large targets'),
    Rule("optimizer-setting", "error", optimizers.clipped_to_nothing, 'clipnorm=0'),
    Rule("schedule-and-callback", "error", optimizers.schedule_and_callback, 'a schedule and ReduceLROnPlateau'),
    Rule("other-model", "error", optimizers.other_model, 'the optimizer of another model'),
    # metrics and callbacks
    Rule("metric-raises", "error", metrics.metric_raises, 'Precision() on ids'),
    Rule("callback-object", "error", callbacks.callback_object, 'callbacks=[EarlyStopping]'),
    Rule("watched-name", "error", callbacks.watched_name, "monitor='val_acc'"),
    Rule("watched-direction", "error", callbacks.watched_direction, "monitor='accuracy', mode='min'"),
    Rule("unknown-direction", "error", callbacks.unknown_direction, "EarlyStopping('val_f1') of an f1 of your own"),
    Rule("file-name", "error", callbacks.file_names, "'{val_acc:.2f}.keras'"),
    # weights of classes and rows
    Rule("class-weight-form", "error", weights.class_weight_form, 'class_weight=[1, 2]'),
    Rule("class-weight-place", "error", weights.class_weight_place, 'class_weight with a label for each step'),
    Rule("sample-weight-form", "error", weights.sample_weight_form, 'sample_weight of another length'),
    # the run
    Rule("run-length", "error", running.run_length, 'epochs=0'),
    Rule("validation-split-size", "error", running.validation_split_size, 'validation_split=1.5'),
    Rule("validation-split-classes", "error", running.validation_split_classes, 'rows sorted by class, and a split'),
    Rule("validation-form", "error", running.validation_form, 'validation_data=x_val'),
    Rule("validation-scale", "error", running.validation_scale, 'x scaled, x_val not'),
    Rule("keras-raises", "error", network.keras_raises, 'a loss that raises'),
    # likely not what is meant
    Rule("unscaled-inputs", "warning", data.unscaled_inputs, 'pixels of 0..255'),
    Rule("tiny-inputs", "warning", data.tiny_inputs, 'Rescaling(1 / 255) on 0..1'),
    Rule("unscaled-targets", "warning", data.unscaled_targets, 'prices of 200 000'),
    Rule("learning-rate-high", "warning", optimizers.learning_rate_high, 'Adam(1.0)'),
    Rule("learning-rate-low", "warning", optimizers.learning_rate_low, "optimizer='adadelta' (0.001)"),
    Rule("schedule-length", "warning", optimizers.schedule_length, 'decay_steps in epochs; rate * 0.9**epoch'),
    Rule("two-schedulers", "warning", optimizers.two_schedulers, 'two callbacks that set the rate'),
    Rule("logits-named-twice", "warning", heads.logits_named_twice, 'from_logits=True on a softmax'),
    Rule("sigmoid-for-classes", "warning", heads.sigmoid_for_classes, "Dense(10, 'sigmoid') under a sparse loss"),
    Rule("softmax-each-for-itself", "warning", heads.softmax_for_two_sided, 'a softmax under binary_crossentropy'),
    Rule("numbers-as-classes", "warning", labels.numbers_as_classes, 'ages as 60 classes'),
    Rule("all-linear", "warning", network.all_linear, "Dense(16), Dense(4, 'softmax')"),
    Rule("lost-gradient", "warning", network.lost_gradient, 'argmax inside the network'),
    Rule("vanishing-gradient", "warning", network.vanishing, 'six layers of sigmoid'),
    Rule("high-dropout", "warning", network.heavy_dropout, 'Dropout(0.8)'),
    Rule("heavy-regularizer", "warning", network.heavy_regularizer, 'kernel_regularizer=L1(1.0)'),
    Rule("two-activations", "warning", network.two_activations, "Dense(16, 'relu'), LeakyReLU()"),
    Rule("changed-after-compile", "warning", network.changed_since_compile, "model.loss = 'mae' after compile"),
    Rule("trained-before", "warning", network.trained_before, 'a trained model with a new optimizer'),
    Rule("accuracy-of-numbers", "warning", metrics.accuracy_of_numbers, "metrics=['accuracy'] with mse"),
    Rule("pooled-classes", "warning", metrics.pooled_columns, 'AUC() over one-hot columns'),
    Rule("rare-classes", "warning", metrics.rare_classes, 'accuracy alone, one row in 100 is of class 1'),
    Rule("distance-of-ids", "warning", metrics.distance_of_ids, "metrics=['mae'] on ids"),
    Rule("metric-on-logits", "warning", metrics.metric_on_logits, 'accuracy of Dense(1) with from_logits=True'),
    Rule("other-question", "warning", metrics.other_question, 'Accuracy() on probabilities'),
    Rule("metric-broadcast", "warning", metrics.metric_broadcast, 'y of (n,) in a metric of your own'),
    Rule("late-stopping", "warning", callbacks.patience_too_long, 'start_from_epoch above epochs'),
    Rule("class-weight-classes", "warning", weights.class_weight_classes, 'class_weight={0: 5.0} of four classes'),
    Rule("class-weight-unused", "warning", weights.class_weight_unused, 'class_weight on a regression'),
    Rule("steps-run-out", "warning", running.steps_run_out, 'steps_per_epoch above the batches'),
    Rule("batch-above-rows", "warning", running.batch_above_rows, 'batch_size=512 for 200 rows'),
    Rule("validation-split-lacks", "warning", running.validation_split_lacks, 'rows in some order, and a split'),
    Rule("sorted-rows", "warning", running.sorted_rows, 'sorted rows, shuffle=False'),
    Rule("validation-is-training", "warning", running.validation_is_training, 'validation_data=(x, y)'),
    Rule("validation-copies", "warning", leaks.validation_copies, 'rows drawn again before the split'),
    Rule("target-in-inputs", "warning", leaks.target_inside, 'a window that ends with its target'),
    Rule("padding-counted", "warning", leaks.padding_counted, 'tags of padded words, no mask'),
    # good to know
    Rule("backup-not-whole", "note", callbacks.backup_not_whole, "callbacks=[BackupAndRestore('run')]"),
    Rule("unseen-gpu", "note", running.gpu_unseen, 'a GPU without its CUDA libraries'),
)
# fmt: on


def list_checks() -> pd.DataFrame:
    """List the rules of `check`: what each looks for, and an example.

    Returns:
        One row for each rule, the serious ones first, with the columns `name` (`silence=` takes
        it), `severity` (`"error"`, `"warning"`, `"note"`), `looks_for` and `example`.

    Examples:
        >>> list_checks().set_index("name").loc["label-range", "example"]
        'ids 1..10 under Dense(10)'
    """
    rows = [(rule.name, rule.severity, rule.line, rule.example) for rule in RULES]
    return pd.DataFrame(rows, columns=["name", "severity", "looks_for", "example"])
