"""The teaching protocol: who is taught what, and what counts as named rightly."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from embedded import embedded, near

from research.teaching.protocol import (
    EmbeddedClips,
    Familiarity,
    area_under_roc,
    measure_teaching,
    teach_others,
    teach_own,
    unknown_auroc,
)

AXES = {"nod": 0, "wave": 1, "bow": 2, "clap": 3}


def clips_of(
    shown: dict[str, dict[str, int]],
    *,
    unseen: tuple[str, ...] = (),
    swapped: tuple[str, ...] = (),
    seed: int = 0,
) -> EmbeddedClips:
    """Return so many clips of each label by each person, near an axis for each label.

    People in `swapped` nod when others wave.
    """
    random = np.random.default_rng(seed)
    vectors, labels, subjects = [], [], []
    for person, counts in shown.items():
        for label, count in counts.items():
            axis = AXES[label] ^ 1 if person in swapped else AXES[label]
            vectors += [np.eye(8)[axis] + 0.05 * random.standard_normal(8) for _ in range(count)]
            labels += [label] * count
            subjects += [person] * count
    stacked = np.stack(vectors)
    stacked /= np.linalg.norm(stacked, axis=1, keepdims=True)
    return EmbeddedClips(
        embedded(stacked.astype(np.float32)),
        np.asarray(labels),
        np.asarray(subjects),
        np.isin(labels, unseen),
    )


def test_a_person_is_tested_on_the_clips_that_were_not_taught() -> None:
    clips = clips_of({"ada": {"nod": 6, "wave": 8, "bow": 5}, "bob": {"nod": 9}})
    found = teach_own([clips], examples=5, draws=2, seed=0)
    # Five bows are no more than are taught, and Bob shows nothing to choose from.
    assert (found.people, found.choices) == (1, 2.0)
    assert found.clips == 2 * (1 + 3)
    assert found.right == 1.0


def test_only_labels_that_training_never_showed_are_taught() -> None:
    shown = {"ada": {"nod": 3, "wave": 3, "bow": 3, "clap": 3}}
    found = teach_own(
        [clips_of(shown, unseen=("bow", "clap"))], examples=1, draws=1, seed=0, only_unseen=True
    )
    assert (found.clips, found.choices) == (4, 2.0)
    nothing = teach_own([clips_of(shown)], examples=1, draws=1, seed=0, only_unseen=True)
    assert (nothing.clips, nothing.people) == (0, 0)
    assert math.isnan(nothing.right)


def test_gestures_are_taught_by_one_person_and_shown_by_another() -> None:
    counts = {"nod": 4, "wave": 4}
    alike = teach_others([clips_of({"ada": counts, "bob": counts})], examples=3, seed=0)
    assert (alike.people, alike.right) == (2, 1.0)
    # Bob nods when Ada waves, so all his clips are named wrongly, and so are hers.
    other = clips_of({"ada": counts, "bob": counts}, swapped=("bob",))
    assert teach_others([other], examples=3, seed=0).right == 0.0


def test_people_of_two_models_are_not_taught_to_each_other() -> None:
    counts = {"nod": 4, "wave": 4}
    parts = [clips_of({"ada": counts}), clips_of({"bob": counts}, swapped=("bob",))]
    assert teach_others(parts, examples=3, seed=0).people == 0
    assert teach_own(parts, examples=3, draws=1, seed=0).people == 2


def test_a_gesture_that_was_left_out_is_told_from_those_taught() -> None:
    clips = clips_of({"ada": {"nod": 8, "wave": 8, "bow": 4}, "bob": {"nod": 8, "wave": 8}})
    # Only the bow can be left out: without another gesture, one alone would be taught.
    assert unknown_auroc([clips], draws=2, seed=0) == (1.0, 1)


def test_the_area_under_the_curve_counts_pairs_in_the_right_order() -> None:
    positive, negative = np.asarray([0.9, 0.5]), np.asarray([0.5, 0.1, 0.95])
    right = sum((p > n) + 0.5 * (p == n) for p in positive for n in negative)
    assert area_under_roc(positive, negative) == pytest.approx(right / 6)


def test_the_same_seed_gives_the_same_result() -> None:
    random = np.random.default_rng(0)
    clips = clips_of({"ada": {"nod": 8, "wave": 8, "bow": 8}})
    vectors = clips.embeddings.vectors
    noise = random.standard_normal(vectors.shape).astype(np.float32)
    hard = replace(clips, embeddings=embedded(vectors + noise))
    first, again = (measure_teaching([hard], (1, 3), draws=3, seed=4) for _ in range(2))
    assert first.own == again.own
    assert 0.0 < first.own[3].right < 1.0
    assert first.own != measure_teaching([hard], (1, 3), draws=3, seed=5).own


def test_known_motion_is_more_familiar_than_unknown_motion() -> None:
    examples = near([0, 1, 0, 1, 2, 2])
    familiarity = Familiarity.of(examples, ["nod", "wave", "nod", "wave", "bow", "bow"])
    known, unknown = near([0, 1, 2], seed=3), near([4, 5, 6], seed=3)
    assert familiarity.measure(known).min() > familiarity.measure(unknown).max() + 0.3
    np.testing.assert_allclose(familiarity.measure(examples[:1]), 1.0, atol=0.05)
