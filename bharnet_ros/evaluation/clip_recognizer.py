"""Recognition of whole clips, of one person or of several who act together."""

from __future__ import annotations

from collections.abc import Sequence

from bharnet_ros.datasets.base import RecordedClip, stack_people
from bharnet_ros.features.modalities import network_input
from bharnet_ros.recognition.output import WindowOutput
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.types.errors import InputError


class ClipRecognizer(Recognizer):
    """Scores recorded clips; the people in a clip form one sample for the network."""

    def clip_logits(self, clips: Sequence[RecordedClip]) -> WindowOutput:
        """Return the uncalibrated output of the network for whole clips.

        Args:
            clips: N clips.

        Raises:
            InputError: There are no clips, or one does not fit the model's body layout.
        """
        if not clips:
            raise InputError("clips: need at least one")
        people = max(len(clip.people) for clip in clips)
        features = self.description.features
        inputs = network_input(stack_people(clips, features, people), features)
        # Further streams show the main person only.
        streams = self._stream_inputs([clip.people[0] for clip in clips], None)
        return self._backend.run(inputs, streams)
