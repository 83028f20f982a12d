"""When a recording starts, so that one truth fits whatever a replay starts from."""

from __future__ import annotations

from bharnet_ros.message_reading import event_from_message, time_to_ns
from bharnet_ros.replay.recording import Recording
from bharnet_ros.replay.stages import Stage, topics_of


def origin_of(recording: Recording, camera: str | None = None) -> int:
    """Return the stamp at which a recording starts, nanoseconds.

    It is the first stamp of the images, keypoints and scores in it, whatever the replay starts
    from, so that the same truth fits. Of several cameras, only one that was chosen counts. Where
    there are events alone, it is the time at which the first message was recorded, if that was by
    the clock of the stamps, and else the begin of the first event.

    Args:
        recording: An open recording.
        camera: Topic of the images that were chosen.

    Raises:
        ValueError: A first message is broken; names file and topic.
    """
    firsts = []
    for stage in (Stage.IMAGES, Stage.KEYPOINTS, Stage.SCORES):
        names = [one.name for one in topics_of(recording, stage)]
        if stage is Stage.IMAGES and len(names) > 1:
            names = [name for name in names if name == camera]
        firsts += [time_to_ns(recording.first(name).header.stamp) for name in names]
    set_firsts = [stamp for stamp in firsts if stamp > 0]
    if set_firsts:
        return min(set_firsts)
    starts = [
        event.start_ns
        for one in topics_of(recording, Stage.EVENTS)
        for event in [event_from_message(recording.first(one.name))]
    ]
    if starts and not recording.start_ns <= min(starts) <= recording.end_ns:
        return min(starts)
    return recording.start_ns
