"""The model card of a trained bundle."""

from __future__ import annotations

from bharnet_ros.bags.labelled import RECORDINGS
from bharnet_ros.datasets.base import EVERYBODY
from bharnet_ros.evaluation.metrics.clips import ClipMetrics, count_clips
from bharnet_ros.recognition.description import BundleDescription
from bharnet_ros.types.actions import BACKGROUND
from bharnet_ros.types.layouts import get_layout


def model_card(description: BundleDescription, metrics: ClipMetrics) -> str:
    """Return the text of a model card.

    Args:
        description: Description made by `provenance.describe`.
        metrics: Metrics on the held-out clips.
    """
    classes = ", ".join(name for name in description.class_names if name != BACKGROUND)
    if metrics.unknown_clips or not _in_space(description):
        classes += f"; all else is `{BACKGROUND}`"
    recall = "\n".join(f"| {name} | {value:.1%} |" for name, value in metrics.recall.items())
    return f"""# {description.name}

BHaRNet, variant `{description.variant}`: a body expert and a hand expert over windows of
{description.window_s:g} s of keypoints ({description.features.frames} frames). Body layout:
`{description.body_layout}`.{_streams(description)} It knows these actions: {classes}.

## Training data

{_data(description)}

## Measured

{_measured_on(description, metrics)} The temperature was fitted on the same
clips, which changes probabilities and leaves every choice as it was.

| measure | value |
|---|---|
{_measures(metrics)}

| class | recall |
|---|---|
{recall}

Reproduce with

{_command(description)}

## Limits

{_limits(description)}
"""


def _streams(description: BundleDescription) -> str:
    """Return the sentence about further streams, empty if there are none."""
    if not description.streams:
        return ""
    names = ", ".join(f"`{name}`" for name in description.streams)
    return f" Beside them decides, where it saw anything: {names}."


def _data(description: BundleDescription) -> str:
    """Return the text about the training data."""
    training = description.training
    people = f" of {_people(training['people'])}" if training["people"] else ""
    text = (
        f"`{training['data']}`, kind `{training['kind']}`: {training['clips']} clips{people} of "
        f"protocol `{training['protocol']}`."
    )
    if "held_out_fold" in training:
        text += f" The people of fold {training['held_out_fold']} were never trained on."
    if training["licences_of_sources"]:
        licences = ", ".join(
            f"{licence} ({_people(count)})"
            for licence, count in training["licences_of_sources"].items()
        )
        text += f" Published by these people themselves; licences of the sources: {licences}."
    return f"{text} Only the weights are distributed here."


def _people(count: int) -> str:
    """Return a number of people as text."""
    return "1 person" if count == 1 else f"{count} people"


def _measures(metrics: ClipMetrics) -> str:
    """Return the rows of the table of measures."""
    rows = [("top-1", metrics.top1), ("mean class accuracy", metrics.mean_class_accuracy)]
    if metrics.clips_with_hands:
        rows += [
            ("body expert alone", metrics.body_top1),
            ("hand expert alone", metrics.hand_top1),
        ]
    if metrics.stream_top1:
        rows.append(("skeleton alone", metrics.skeleton_top1))
        rows += [(f"{name} alone", value) for name, value in metrics.stream_top1.items()]
    if metrics.unknown_clips:
        rows += [
            ("top-1 where background may be chosen too", metrics.top1_with_background),
            (f"other labels rejected ({metrics.unknown_clips} clips)", metrics.unknown_rejected),
        ]
    return "\n".join(f"| {name} | {value:.1%} |" for name, value in rows)


def _measured_on(description: BundleDescription, metrics: ClipMetrics) -> str:
    """Return the sentence about the clips of the measures."""
    training = description.training
    if training["protocol"] != EVERYBODY:
        return f"{count_clips(metrics)} that were never trained on."
    whom = "everybody, so nobody is left to measure it on"
    if "only_licences" in training:
        licences = " or ".join(training["only_licences"])
        whom = f"all {_people(training['people'])} who published under {licences} alone"
    return (
        f"Trained on {whom}. The numbers are of models of\n"
        "the same settings, each trained without one fold of people and measured on these people:\n"
        f"{count_clips(metrics)} in all."
    )


def _command(description: BundleDescription) -> str:
    """Return the command that prints the measures."""
    training = description.training
    if training["protocol"] == EVERYBODY:
        only = training.get("only_licences")
        licences = f"--licences {' '.join(only)} " if only else ""
        return (
            f"    bharnet train --config config/train/{description.name}.yaml {licences}--data "
            f"{training['data']} \\\n"
            f"        --subjects-from {training['split']} --fold 0 1 2 3 4 --out folds\n"
            f"    python -m research folds --models folds/fold_* --data {training['data']} \\\n"
            f"        --subjects-from {training['split']}"
        )
    if training["protocol"] == RECORDINGS:
        return (
            f"    bharnet evaluate clips --model models/{description.name} --truth TRUTHS \\\n"
            f"        --bags {training['data'].replace(',', '')} --test-bags "
            f"{' '.join(training['tested_on'])}"
        )
    return (
        f"    bharnet evaluate clips --model models/{description.name} \\\n"
        f"        --data {training['data']} {_split(description)}"
    )


def _split(description: BundleDescription) -> str:
    """Return the arguments of `evaluate clips` that select the held-out clips."""
    training = description.training
    if "held_out_fold" in training:
        return f"--subjects-from {training['split']} --fold {training['held_out_fold']}"
    file = f" --split-file {training['split']}" if training["split"] else ""
    return f"--protocol {training['protocol']}{file}"


def _limits(description: BundleDescription) -> str:
    """Return the text about the limits of the model."""
    if _in_space(description):
        return (
            "Isolated actions before a depth camera, in the places and by the people of one data\n"
            "set. It was never trained on rest, nor on unknown motion unless the classes above\n"
            "leave labels of the data set out: it takes either for something known."
        )
    if description.training["protocol"] == RECORDINGS:
        return (
            "It was trained on a few recordings, of the people, the place and the camera in them.\n"
            "What it does elsewhere was not measured."
        )
    return (
        "One second or so of an isolated gesture, performed at a webcam by a person seen from the\n"
        "front: that is what it was trained on. Signs differ by country and by person; it is no\n"
        "sign language translator. Rare gestures come from few people and are the least certain."
    )


def _in_space(description: BundleDescription) -> bool:
    """Return whether bodies come from a depth camera; training then has no windows of rest."""
    return get_layout(description.body_layout).dimensions == 3
