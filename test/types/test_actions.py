"""The core types of recognition agree with the messages that carry them."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest

from bharnet_ros.types.actions import ActionEvent, Hand, OffsetReason, Phase

MESSAGE = Path(__file__).resolve().parents[2] / "msg" / "ActionEvent.msg"


def constants(kind: str) -> dict[str, str]:
    """Return the constants of one type in ActionEvent.msg, the definition that consumers read."""
    pattern = re.compile(rf"^{kind} ([A-Z_]+)=([^#\s]*)", re.MULTILINE)
    return dict(pattern.findall(MESSAGE.read_text(encoding="utf-8")))


def onset() -> ActionEvent:
    return ActionEvent(
        stamp_ns=3,
        event_id="one",
        phase=Phase.ONSET,
        track_id="a",
        class_id=1,
        label="wave",
        score=0.9,
        body_score=0.8,
        hand_score=0.7,
        start_ns=1,
        end_ns=2,
    )


def test_phases_have_the_numbers_of_the_message() -> None:
    assert {phase.name: str(phase.value) for phase in Phase} == constants("uint8")


def test_reasons_have_the_texts_of_the_message() -> None:
    reasons = {reason.name: reason.value for reason in OffsetReason if reason.value}
    texts = constants("string")
    assert reasons == {name: text for name, text in texts.items() if "HAND_" not in name}


def test_hands_have_the_texts_of_the_message() -> None:
    texts = constants("string")
    assert {f"HAND_{hand.name}": hand.value for hand in Hand} == {
        name: text for name, text in texts.items() if "HAND_" in name
    }


def test_a_reason_is_a_plain_string_to_json_and_can_be_read_back() -> None:
    text = json.loads(json.dumps({"reason": OffsetReason.PERSON_LOST}))["reason"]
    assert text == "person_lost"
    assert OffsetReason(text) is OffsetReason.PERSON_LOST


def test_an_onset_has_no_reason() -> None:
    assert onset().reason is OffsetReason.NONE


def test_a_published_event_cannot_be_changed_and_compares_by_value() -> None:
    event = onset()
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.end_ns = 5  # type: ignore[misc]
    assert event == onset()
    assert event != dataclasses.replace(event, event_id="other")
