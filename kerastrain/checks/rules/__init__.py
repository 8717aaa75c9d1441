# ruff: noqa: E501  the rows of the table are read across
"""Every rule in one table: its name, how serious it is, and the function that looks."""

from __future__ import annotations

import pandas as pd

from kerastrain.checks.findings import Rule
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

__all__ = ["RULES", "Rule", "list_checks"]


# fmt: off
RULES = (
    # names and arguments
    Rule("unknown-argument", "error", "", naming.unknown_argument, 'check(model, x, y, nb_epoch=10)'),
    Rule("loss-name", "error", "loss", naming.loss_name, "loss='categorical_cross_entropy'"),
    Rule("loss-missing", "error", "loss", naming.loss_missing, "model.compile('adam')"),
    Rule("metric-name", "error", "metrics", naming.metric_name, "metrics=['acuracy']"),
    Rule("optimizer-name", "error", "optimizer", naming.optimizer_name, "optimizer='adamm'"),
    Rule("parts-matched", "error", "", naming.parts_matched, "loss=['mse'] for two outputs"),
    Rule("loss-weights", "error", "loss_weights", naming.loss_weights, 'loss_weights=[1, 1, 1] for two outputs'),
    # inputs
    Rule("input-numbers", "error", "x", data.inputs_are_numbers, 'x of dtype object'),
    Rule("input-fits", "error", "x", data.input_fits, 'x of (n, 5) for Input((6,))'),
    Rule("embedding-range", "error", "x", data.embedding_range, 'word 90 for Embedding(90, 8)'),
    Rule("rows-paired", "error", "y", data.rows_paired, 'x of 60 rows, y of 59'),
    Rule("index-order", "error", "y", data.index_order, 'x and y sorted differently'),
    Rule("missing-values", "error", "", data.missing_values, 'x[7, 1] is NaN'),
    Rule("constant-input", "error", "x", data.constant_input, 'x = pixels // 255'),
    # data sets and generators
    Rule("labels-inside", "error", "", datasets.labels_inside, 'check(model, data_set, y)'),
    Rule("batch-form", "error", "x", datasets.batch_form, 'yield [x, y]'),
    Rule("unbatched", "error", "x", datasets.unbatched, 'from_tensor_slices((x, y)) without batch'),
    Rule("unknown-shape", "error", "x", datasets.unknown_shape, 'from_generator without shapes'),
    Rule("endless", "error", "steps_per_epoch", datasets.endless, 'data.repeat() without steps_per_epoch'),
    Rule("endless-validation", "error", "validation_steps", datasets.endless_validation, 'validation_data=data.repeat()'),
    Rule("empty-data", "error", "x", datasets.empty, 'batch(32, drop_remainder=True) of 10 rows'),
    # labels against the loss
    Rule("labels-missing", "error", "y", labels.labels_missing, 'check(model, x) with a loss'),
    Rule("label-reading", "error", "y", labels.label_reading, 'y of prices as text, such as "$24"'),
    Rule("label-numbers", "error", "y", labels.labels_are_numbers, "y = ['cat', 'dog'] with a loss for ids"),
    Rule("label-shape", "error", "y", shapes.label_shape, 'one-hot y under a sparse loss'),
    Rule("label-range", "error", "y", labels.label_range, 'ids 1..10 under Dense(10)'),
    Rule("label-overflow", "error", "y", labels.label_overflow, '300 classes as uint8'),
    Rule("labels-cut", "error", "y", labels.labels_cut, 'y = 1.9 under a sparse loss'),
    Rule("binary-range", "error", "y", labels.binary_range, 'y of -1/+1, or masks of 0/255'),
    Rule("hinge-labels", "error", "y", labels.hinge_labels, 'y of 1/2 under hinge'),
    Rule("one-class", "error", "y", labels.one_class, 'y = zeros'),
    Rule("exclusive-labels", "error", "y", labels.exclusive_labels, '[1, 1, 0] under a softmax'),
    Rule("empty-rows", "error", "y", labels.empty_rows, 'get_dummies(y, drop_first=True)'),
    Rule("rows-sum-to-one", "error", "y", labels.rows_sum_to_one, '[0.9, 0.8] under a softmax with mse'),
    Rule("positive-targets", "error", "loss", labels.positive_targets, 'y = 0 under mape'),
    Rule("own-loss-broadcast", "error", "y", shapes.custom_loss_broadcast, 'y of (n,) in a Loss of your own'),
    Rule("loss-upside-down", "error", "loss", own_losses.upside_down, 'loss=dice_coefficient'),
    Rule("own-loss-out-of-reach", "error", "y", own_losses.unreachable, 'masks of 0/255 and a sigmoid'),
    Rule("loss-not-finite", "error", "loss", own_losses.not_a_number, 'log(p) where p can be 0'),
    # the last layer against loss and labels
    Rule("no-probabilities", "error", "loss", heads.no_probabilities, 'Dense(10) under a cross-entropy'),
    Rule("softmax-twice", "error", "model", heads.softmax_twice, "Dense(10, 'softmax'), Softmax()"),
    Rule("squashed-scores", "error", "model", heads.squashed_scores, "Dense(10, 'relu'), Softmax()"),
    Rule("squashed-logits", "error", "model", heads.squashed_logits, "Dense(10, 'relu') with from_logits=True"),
    Rule("one-unit-softmax", "error", "model", heads.one_unit_softmax, "Dense(1, 'softmax')"),
    Rule("softmax-axis", "error", "model", heads.softmax_axis, 'Softmax(axis=1) over steps'),
    Rule("out-of-reach", "error", "model", heads.out_of_reach, 'a sigmoid for prices'),
    Rule("positive-output", "error", "model", heads.positive_output, 'poisson on Dense(1)'),
    Rule("hinge-head", "error", "model", heads.hinge_head, 'hinge on a sigmoid'),
    Rule("cosine-of-one", "error", "loss", heads.cosine_of_one, 'cosine_similarity on Dense(1)'),
    Rule("dropout-last", "error", "model", heads.dropout_last, 'softmax, then Dropout'),
    # the network
    Rule("nothing-trainable", "error", "model", network.nothing_trainable, 'model.trainable = False'),
    Rule("no-gradient", "error", "loss", network.no_gradient, 'round(p) in a loss'),
    Rule("dead-start", "error", "model", network.dead_start, "kernel_initializer='zeros'"),
    # the optimizer
    Rule("learning-rate-sign", "error", "optimizer", optimizers.learning_rate_sign, 'SGD(-0.01)'),
    Rule("overshoot", "error", "optimizer", optimizers.overshoot, 'SGD(2.0) on large targets'),
    Rule("optimizer-setting", "error", "optimizer", optimizers.clipped_to_nothing, 'clipnorm=0'),
    Rule("schedule-and-callback", "error", "callbacks", optimizers.schedule_and_callback, 'a schedule and ReduceLROnPlateau'),
    Rule("other-model", "error", "optimizer", optimizers.other_model, 'the optimizer of another model'),
    # metrics and callbacks
    Rule("metric-raises", "error", "metrics", metrics.metric_raises, 'Precision() on ids'),
    Rule("callback-object", "error", "callbacks", callbacks.callback_object, 'callbacks=[EarlyStopping]'),
    Rule("watched-name", "error", "callbacks", callbacks.watched_name, "monitor='val_acc'"),
    Rule("watched-direction", "error", "callbacks", callbacks.watched_direction, "monitor='accuracy', mode='min'"),
    Rule("unknown-direction", "error", "callbacks", callbacks.unknown_direction, "EarlyStopping('val_f1') of an f1 of your own"),
    Rule("file-name", "error", "callbacks", callbacks.file_names, "'{val_acc:.2f}.keras'"),
    # weights of classes and rows
    Rule("class-weight-form", "error", "class_weight", weights.class_weight_form, 'class_weight=[1, 2]'),
    Rule("class-weight-place", "error", "class_weight", weights.class_weight_place, 'class_weight with a label for each step'),
    Rule("sample-weight-form", "error", "sample_weight", weights.sample_weight_form, 'sample_weight of another length'),
    # the run
    Rule("run-length", "error", "epochs", running.run_length, 'epochs=0'),
    Rule("validation-split-size", "error", "validation_split", running.validation_split_size, 'validation_split=1.5'),
    Rule("validation-split-classes", "error", "validation_split", running.validation_split_classes, 'rows sorted by class, and a split'),
    Rule("validation-form", "error", "validation_data", running.validation_form, 'validation_data=x_val'),
    Rule("validation-scale", "error", "validation_data", running.validation_scale, 'x scaled, x_val not'),
    Rule("keras-raises", "error", "loss", network.keras_raises, 'a loss that raises'),
    # likely not what is meant
    Rule("unscaled-inputs", "warning", "x", data.unscaled_inputs, 'pixels of 0..255'),
    Rule("tiny-inputs", "warning", "x", data.tiny_inputs, 'Rescaling(1 / 255) on 0..1'),
    Rule("unscaled-targets", "warning", "y", data.unscaled_targets, 'prices of 200 000'),
    Rule("learning-rate-high", "warning", "optimizer", optimizers.learning_rate_high, 'Adam(1.0)'),
    Rule("learning-rate-low", "warning", "optimizer", optimizers.learning_rate_low, "optimizer='adadelta' (0.001)"),
    Rule("schedule-length", "warning", "", optimizers.schedule_length, 'decay_steps in epochs; rate * 0.9**epoch'),
    Rule("two-schedulers", "warning", "callbacks", optimizers.two_schedulers, 'two callbacks that set the rate'),
    Rule("logits-named-twice", "warning", "loss", heads.logits_named_twice, 'from_logits=True on a softmax'),
    Rule("sigmoid-for-classes", "warning", "model", heads.sigmoid_for_classes, "Dense(10, 'sigmoid') under a sparse loss"),
    Rule("softmax-each-for-itself", "warning", "loss", heads.softmax_for_two_sided, 'a softmax under binary_crossentropy'),
    Rule("numbers-as-classes", "warning", "y", labels.numbers_as_classes, 'ages as 60 classes'),
    Rule("all-linear", "warning", "model", network.all_linear, "Dense(16), Dense(4, 'softmax')"),
    Rule("lost-gradient", "warning", "model", network.lost_gradient, 'argmax inside the network'),
    Rule("vanishing-gradient", "warning", "model", network.vanishing, 'six layers of sigmoid'),
    Rule("high-dropout", "warning", "model", network.heavy_dropout, 'Dropout(0.8)'),
    Rule("heavy-regularizer", "warning", "model", network.heavy_regularizer, 'kernel_regularizer=L1(1.0)'),
    Rule("two-activations", "warning", "model", network.two_activations, "Dense(16, 'relu'), LeakyReLU()"),
    Rule("frozen-after-compile", "warning", "model", network.frozen_since_compile, "layer.trainable = False after model.fit"),
    Rule("changed-after-compile", "warning", "model", network.changed_since_compile, "model.loss = 'mae' after compile"),
    Rule("trained-before", "warning", "model", network.trained_before, 'a trained model with a new optimizer'),
    Rule("accuracy-of-numbers", "warning", "metrics", metrics.accuracy_of_numbers, "metrics=['accuracy'] with mse"),
    Rule("pooled-classes", "warning", "metrics", metrics.pooled_columns, 'AUC() over one-hot columns'),
    Rule("rare-classes", "warning", "metrics", metrics.rare_classes, 'accuracy alone, one row in 100 is of class 1'),
    Rule("distance-of-ids", "warning", "metrics", metrics.distance_of_ids, "metrics=['mae'] on ids"),
    Rule("metric-on-logits", "warning", "metrics", metrics.metric_on_logits, 'accuracy of Dense(1) with from_logits=True'),
    Rule("other-question", "warning", "metrics", metrics.other_question, 'Accuracy() on probabilities'),
    Rule("metric-broadcast", "warning", "metrics", metrics.metric_broadcast, 'y of (n,) in a metric of your own'),
    Rule("late-stopping", "warning", "callbacks", callbacks.patience_too_long, 'start_from_epoch above epochs'),
    Rule("class-weight-classes", "warning", "class_weight", weights.class_weight_classes, 'class_weight={0: 5.0} of four classes'),
    Rule("class-weight-unused", "warning", "class_weight", weights.class_weight_unused, 'class_weight on a regression'),
    Rule("steps-run-out", "warning", "steps_per_epoch", running.steps_run_out, 'steps_per_epoch above the batches'),
    Rule("batch-above-rows", "warning", "batch_size", running.batch_above_rows, 'batch_size=512 for 200 rows'),
    Rule("validation-split-lacks", "warning", "validation_split", running.validation_split_lacks, 'rows in some order, and a split'),
    Rule("sorted-rows", "warning", "", running.sorted_rows, 'sorted rows, shuffle=False'),
    Rule("validation-is-training", "warning", "validation_data", running.validation_is_training, 'validation_data=(x, y)'),
    Rule("validation-copies", "warning", "validation_data", leaks.validation_copies, 'rows drawn again before the split'),
    Rule("target-in-inputs", "warning", "x", leaks.target_inside, 'a window that ends with its target'),
    Rule("padding-counted", "warning", "y", leaks.padding_counted, 'tags of padded words, no mask'),
    # good to know
    Rule("backup-not-whole", "note", "callbacks", callbacks.backup_not_whole, "callbacks=[BackupAndRestore('run')]"),
    Rule("unseen-gpu", "note", "device", running.gpu_unseen, 'a GPU without its CUDA libraries'),
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
