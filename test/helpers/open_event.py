"""An event that has begun, for tests of what becomes of open events."""

from __future__ import annotations

from bharnet_ros.types.actions import ActionEvent, Hand, Phase

ONSET = ActionEvent(
    stamp_ns=5_000_000_000,
    event_id="a-1",
    phase=Phase.ONSET,
    track_id="body_1",
    class_id=2,
    label="hello",
    score=0.75,
    body_score=0.5,
    hand_score=0.25,
    start_ns=4_000_000_000,
    end_ns=5_000_000_000,
    frame_id="camera",
    model_name="m",
    hand=Hand.LEFT,
)
