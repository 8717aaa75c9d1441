"""Every rule in one table: its name, how serious it is, and the function that looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

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

__all__ = ["RULES", "Rule"]


@dataclass(frozen=True)
class Rule:
    """Hold one rule.

    Attributes:
        name: The name that findings carry and that `silence=` takes.
        severity: How serious its findings are.
        look: The function that looks at a set-up and yields what it sees.
    """

    name: str
    severity: Severity
    look: Callable[[Setup], Iterator[Problem]]

    @property
    def line(self) -> str:
        """The first line of the function's docstring: what it looks for."""
        return (self.look.__doc__ or "").splitlines()[0]


RULES = (
    # names and arguments
    Rule("unknown-argument", "error", naming.unknown_argument),
    Rule("loss-name", "error", naming.loss_name),
    Rule("loss-missing", "error", naming.loss_missing),
    Rule("metric-name", "error", naming.metric_name),
    Rule("optimizer-name", "error", naming.optimizer_name),
    Rule("parts-matched", "error", naming.parts_matched),
    Rule("loss-weights", "error", naming.loss_weights),
    # inputs
    Rule("input-numbers", "error", data.inputs_are_numbers),
    Rule("input-fits", "error", data.input_fits),
    Rule("embedding-range", "error", data.embedding_range),
    Rule("rows-paired", "error", data.rows_paired),
    Rule("index-order", "error", data.index_order),
    Rule("missing-values", "error", data.missing_values),
    Rule("constant-input", "error", data.constant_input),
    # data sets and generators
    Rule("labels-inside", "error", datasets.labels_inside),
    Rule("batch-form", "error", datasets.batch_form),
    Rule("unbatched", "error", datasets.unbatched),
    Rule("unknown-shape", "error", datasets.unknown_shape),
    Rule("endless", "error", datasets.endless),
    Rule("endless-validation", "error", datasets.endless_validation),
    Rule("empty-data", "error", datasets.empty),
    # labels against the loss
    Rule("labels-missing", "error", labels.labels_missing),
    Rule("label-numbers", "error", labels.labels_are_numbers),
    Rule("label-shape", "error", shapes.label_shape),
    Rule("label-range", "error", labels.label_range),
    Rule("label-overflow", "error", labels.label_overflow),
    Rule("labels-cut", "error", labels.labels_cut),
    Rule("binary-range", "error", labels.binary_range),
    Rule("hinge-labels", "error", labels.hinge_labels),
    Rule("one-class", "error", labels.one_class),
    Rule("exclusive-labels", "error", labels.exclusive_labels),
    Rule("empty-rows", "error", labels.empty_rows),
    Rule("rows-sum-to-one", "error", labels.rows_sum_to_one),
    Rule("positive-targets", "error", labels.positive_targets),
    Rule("own-loss-broadcast", "error", shapes.custom_loss_broadcast),
    Rule("loss-upside-down", "error", own_losses.upside_down),
    Rule("own-loss-out-of-reach", "error", own_losses.unreachable),
    Rule("loss-not-finite", "error", own_losses.not_a_number),
    # the last layer against loss and labels
    Rule("no-probabilities", "error", heads.no_probabilities),
    Rule("softmax-twice", "error", heads.softmax_twice),
    Rule("squashed-scores", "error", heads.squashed_scores),
    Rule("squashed-logits", "error", heads.squashed_logits),
    Rule("one-unit-softmax", "error", heads.one_unit_softmax),
    Rule("softmax-axis", "error", heads.softmax_axis),
    Rule("out-of-reach", "error", heads.out_of_reach),
    Rule("positive-output", "error", heads.positive_output),
    Rule("hinge-head", "error", heads.hinge_head),
    Rule("cosine-of-one", "error", heads.cosine_of_one),
    Rule("dropout-last", "error", heads.dropout_last),
    # the network
    Rule("nothing-trainable", "error", network.nothing_trainable),
    Rule("no-gradient", "error", network.no_gradient),
    Rule("dead-start", "error", network.dead_start),
    # the optimizer
    Rule("learning-rate-sign", "error", optimizers.learning_rate_sign),
    Rule("overshoot", "error", optimizers.overshoot),
    Rule("optimizer-setting", "error", optimizers.clipped_to_nothing),
    Rule("schedule-and-callback", "error", optimizers.schedule_and_callback),
    Rule("other-model", "error", optimizers.other_model),
    # metrics and callbacks
    Rule("metric-raises", "error", metrics.metric_raises),
    Rule("callback-object", "error", callbacks.callback_object),
    Rule("watched-name", "error", callbacks.watched_name),
    Rule("watched-direction", "error", callbacks.watched_direction),
    Rule("unknown-direction", "error", callbacks.unknown_direction),
    Rule("file-name", "error", callbacks.file_names),
    # weights of classes and rows
    Rule("class-weight-form", "error", weights.class_weight_form),
    Rule("class-weight-place", "error", weights.class_weight_place),
    Rule("sample-weight-form", "error", weights.sample_weight_form),
    # the run
    Rule("run-length", "error", running.run_length),
    Rule("validation-split-size", "error", running.validation_split_size),
    Rule("validation-split-classes", "error", running.validation_split_classes),
    Rule("validation-form", "error", running.validation_form),
    Rule("validation-scale", "error", running.validation_scale),
    Rule("keras-raises", "error", network.keras_raises),
    # likely not what is meant
    Rule("unscaled-inputs", "warning", data.unscaled_inputs),
    Rule("tiny-inputs", "warning", data.tiny_inputs),
    Rule("unscaled-targets", "warning", data.unscaled_targets),
    Rule("learning-rate-high", "warning", optimizers.learning_rate_high),
    Rule("learning-rate-low", "warning", optimizers.learning_rate_low),
    Rule("schedule-length", "warning", optimizers.schedule_length),
    Rule("two-schedulers", "warning", optimizers.two_schedulers),
    Rule("logits-named-twice", "warning", heads.logits_named_twice),
    Rule("sigmoid-for-classes", "warning", heads.sigmoid_for_classes),
    Rule("softmax-each-for-itself", "warning", heads.softmax_for_two_sided),
    Rule("numbers-as-classes", "warning", labels.numbers_as_classes),
    Rule("all-linear", "warning", network.all_linear),
    Rule("lost-gradient", "warning", network.lost_gradient),
    Rule("vanishing-gradient", "warning", network.vanishing),
    Rule("high-dropout", "warning", network.heavy_dropout),
    Rule("heavy-regularizer", "warning", network.heavy_regularizer),
    Rule("two-activations", "warning", network.two_activations),
    Rule("changed-after-compile", "warning", network.changed_since_compile),
    Rule("trained-before", "warning", network.trained_before),
    Rule("accuracy-of-numbers", "warning", metrics.accuracy_of_numbers),
    Rule("pooled-classes", "warning", metrics.pooled_columns),
    Rule("rare-classes", "warning", metrics.rare_classes),
    Rule("distance-of-ids", "warning", metrics.distance_of_ids),
    Rule("metric-on-logits", "warning", metrics.metric_on_logits),
    Rule("other-question", "warning", metrics.other_question),
    Rule("metric-broadcast", "warning", metrics.metric_broadcast),
    Rule("late-stopping", "warning", callbacks.patience_too_long),
    Rule("class-weight-classes", "warning", weights.class_weight_classes),
    Rule("class-weight-unused", "warning", weights.class_weight_unused),
    Rule("steps-run-out", "warning", running.steps_run_out),
    Rule("batch-above-rows", "warning", running.batch_above_rows),
    Rule("validation-split-lacks", "warning", running.validation_split_lacks),
    Rule("sorted-rows", "warning", running.sorted_rows),
    Rule("validation-is-training", "warning", running.validation_is_training),
    Rule("validation-copies", "warning", leaks.validation_copies),
    Rule("target-in-inputs", "warning", leaks.target_inside),
    Rule("padding-counted", "warning", leaks.padding_counted),
)
