"""Finds events in scores over time: one ONSET and one OFFSET for each action of each person."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bharnet_ros.recognition.events.evidence import TrackEvidence, check_scores
from bharnet_ros.recognition.events.parameters import EventParameters
from bharnet_ros.recognition.events.rules import Rules
from bharnet_ros.recognition.events.tracks import OpenEvent, Track
from bharnet_ros.types.actions import (
    BACKGROUND,
    ActionEvent,
    ActionScores,
    Hand,
    OffsetReason,
    Phase,
    TrackScores,
)
from bharnet_ros.types.keypoints import NANOSECONDS
from bharnet_ros.types.stamps import Step, step_between

# How long the end of a track's last event is remembered, and how far back a start may lie.
_MEMORY_NS = 60 * NANOSECONDS


class EventFinder:
    """Hysteresis over calibrated scores, for any number of people; see docs/events.md.

    Args:
        class_names: Class names in the order of the probabilities, `background` among them.
        parameters: Thresholds and times, for all classes and for single ones.
        background: The class that never opens an event.
        id_prefix: Prefix of event ids; None for one that no other finder has.

    Attributes:
        rules: What it knows of its classes.

    Raises:
        InputError: A name occurs twice, `background` is missing or the only class, or there are
            parameters of an unknown class.
    """

    def __init__(
        self,
        class_names: Sequence[str],
        parameters: EventParameters,
        *,
        background: str = BACKGROUND,
        id_prefix: str | None = None,
    ) -> None:
        """Start without people."""
        self.rules = Rules.of(class_names, parameters, background)
        self._id_prefix = uuid.uuid4().hex if id_prefix is None else id_prefix
        self._id_count = 0
        self._stamp_ns: int | None = None
        self._tracks: dict[str, Track] = {}
        self._ended_ns: dict[str, int] = {}
        self._refractory_until_ns: dict[tuple[str, str], int] = {}

    @property
    def class_names(self) -> tuple[str, ...]:
        """Class names in the order of the probabilities."""
        return self.rules.names

    @property
    def open_events(self) -> tuple[ActionEvent, ...]:
        """The ONSET of each event that has no OFFSET yet."""
        return tuple(track.event.onset for track in self._tracks.values() if track.event)

    def update(self, scores: ActionScores) -> list[ActionEvent]:
        """Take the scores of one stride; return the events that begin or end, in order.

        Scores with the stamp of the newest ones are a repetition, and late ones come after those
        that follow them: both change nothing. If the stamp goes back further (TIME_JUMP), or
        forward by more than `source_timeout_s` (SOURCE_LOST), all events close and the scores start
        anew.

        Raises:
            InputError: There is not one probability in 0..1 for each class, a window is impossible,
                or a track occurs twice. Nothing changes then.
        """
        check_scores(scores, len(self.rules.names))
        stamp = scores.stamp_ns
        events: list[ActionEvent] = []
        if self._stamp_ns is not None:
            step = step_between(self._stamp_ns, stamp)
            if step in (Step.REPEATED, Step.LATE):
                return []
            if step is Step.BACK:
                events += self.close(OffsetReason.TIME_JUMP)
            elif stamp - self._stamp_ns > self.rules.source_timeout_ns:
                events += self.close(OffsetReason.SOURCE_LOST)
        self._stamp_ns = stamp
        self._ended_ns = {
            track_id: end for track_id, end in self._ended_ns.items() if end > stamp - _MEMORY_NS
        }
        self._refractory_until_ns = {
            key: until for key, until in self._refractory_until_ns.items() if until > stamp
        }
        events += self._drop_lost(scores)
        for person in scores.tracks:
            events += self._update_track(person, scores)
        return events

    def change_classes(
        self,
        class_names: Sequence[str],
        parameters: EventParameters,
        *,
        background: str = BACKGROUND,
    ) -> list[ActionEvent]:
        """Go on with other classes; people, and what is known of classes that stay, are kept.

        Args:
            class_names: As for the finder.
            parameters: As for the finder.
            background: As for the finder.

        Returns:
            The OFFSETs of events whose class is gone, with the reason SOURCE_LOST.

        Raises:
            InputError: As for the finder; nothing changes then.
        """
        rules = Rules.of(class_names, parameters, background)
        places = self.rules.places(rules)
        new_places = rules.places(self.rules)
        events: list[ActionEvent] = []
        for track in self._tracks.values():
            if track.event is not None and new_places[track.event.class_id] is None:
                assert self._stamp_ns is not None
                events += self._close_event(track, OffsetReason.SOURCE_LOST, self._stamp_ns)
        self.rules = rules
        for track in self._tracks.values():
            track.evidence.change_classes(places, rules.evidence)
            if track.candidate is not None:
                track.candidate = new_places[track.candidate]
            event = track.event
            if event is not None:
                place = new_places[event.class_id]
                assert place is not None
                event.class_id = place
        return events

    def change_model(
        self,
        class_names: Sequence[str],
        parameters: EventParameters,
        reason: OffsetReason,
        *,
        background: str = BACKGROUND,
    ) -> list[ActionEvent]:
        """Go on with another model: close every event for `reason`, and return the OFFSETs.

        The other arguments are those of the finder.

        Raises:
            InputError: As for the finder; nothing changes then.
        """
        rules = Rules.of(class_names, parameters, background)
        events = self.close(reason)
        self.rules = rules
        return events

    def close(self, reason: OffsetReason, stamp_ns: int | None = None) -> list[ActionEvent]:
        """Close every open event and forget all people; the finder can be used again.

        Args:
            reason: Reason of each OFFSET.
            stamp_ns: Stamp of the OFFSETs in nanoseconds; by default, or if it is older, the stamp
                of the newest scores.

        Raises:
            ValueError: The reason is NONE.
        """
        if reason is OffsetReason.NONE:
            raise ValueError("reason: an OFFSET needs one")
        events: list[ActionEvent] = []
        if self._stamp_ns is not None:
            stamp = self._stamp_ns if stamp_ns is None else max(stamp_ns, self._stamp_ns)
            for track in self._tracks.values():
                events += self._close_event(track, reason, stamp)
        self._tracks.clear()
        if reason is OffsetReason.TIME_JUMP:
            # Times before the jump say nothing about times after it.
            self._ended_ns.clear()
            self._refractory_until_ns.clear()
        return events

    def _drop_lost(self, scores: ActionScores) -> list[ActionEvent]:
        """Close and forget people who were missing for too long, even if they are back."""
        events: list[ActionEvent] = []
        present = {person.track_id for person in scores.tracks}
        for track_id, track in list(self._tracks.items()):
            absent = track_id not in present
            unseen_ns = scores.stamp_ns - track.evidence.stamp_ns
            if (track.missing or absent) and unseen_ns >= self.rules.person_timeout_ns:
                events += self._close_event(track, OffsetReason.PERSON_LOST, scores.stamp_ns)
                del self._tracks[track_id]
            else:
                track.missing = absent
        return events

    def _update_track(self, person: TrackScores, scores: ActionScores) -> list[ActionEvent]:
        """Add the scores of one person; return the events that begin or end."""
        stamp = scores.stamp_ns
        track = self._observe(person, stamp)
        events: list[ActionEvent] = []
        entered = self._entered(track, person.track_id, stamp)
        event = track.event
        if event is not None:
            class_id = event.class_id
            rule = self.rules.of_class[class_id]
            smoothed = float(track.evidence.smoothed[class_id])
            if smoothed > event.score:
                event.score = smoothed
                event.body_score = float(person.body_probabilities[class_id])
                event.hand_score = float(person.hand_probabilities[class_id])
                if self._most_probable(person) == class_id:
                    event.hand, event.hands_differ = person.hand, person.hands_differ
            if smoothed >= rule.exit:
                event.fading_since_ns = None
            elif event.fading_since_ns is None:
                event.fading_since_ns = stamp
            if entered is not None:
                events += self._close_event(track, OffsetReason.REPLACED, stamp, cut_off=False)
            elif (
                event.fading_since_ns is not None
                and stamp - event.fading_since_ns >= rule.min_gap_ns
            ):
                events += self._close_event(track, OffsetReason.ENDED, stamp, cut_off=False)
        if entered is not None:
            events.append(self._open_event(track, entered, person, scores))
        return events

    def _observe(self, person: TrackScores, stamp: int) -> Track:
        """Add a window to the evidence of its track, which may be new; return the track."""
        track = self._tracks.get(person.track_id)
        if track is None:
            track = Track(TrackEvidence(person, stamp, self.rules.evidence), person.place)
            self._tracks[person.track_id] = track
        else:
            track.evidence.observe(person, stamp)
            track.place = person.place
        return track

    def _most_probable(self, person: TrackScores) -> int:
        """Return the most probable action of a window, whose hand the scores tell."""
        actions = np.array(person.probabilities)
        actions[self.rules.background] = -1.0
        return int(actions.argmax())

    def _entered(self, track: Track, track_id: str, stamp: int) -> int | None:
        """Return the class that has met the enter condition for long enough, if there is one."""
        actions = track.evidence.smoothed.copy()
        actions[self.rules.background] = -1.0
        best = int(actions.argmax())
        is_open = track.event is not None and track.event.class_id == best
        rule, key = self.rules.of_class[best], (track_id, self.class_names[best])
        score, background = actions[best], track.evidence.smoothed[self.rules.background]
        if is_open or score < max(rule.enter, background):
            track.candidate = None
            return None
        if track.candidate != best:
            track.candidate = best
            track.candidate_since_ns = stamp
        lasted = stamp - track.candidate_since_ns >= rule.min_duration_ns
        refractory = stamp < self._refractory_until_ns.get(key, stamp)
        return best if lasted and not refractory else None

    def _open_event(
        self, track: Track, class_id: int, person: TrackScores, scores: ActionScores
    ) -> ActionEvent:
        """Open an event of the track; return its ONSET."""
        horizon = scores.stamp_ns - _MEMORY_NS
        previous_end = self._ended_ns.get(person.track_id, horizon)
        start = max(track.evidence.start_ns(class_id), previous_end, horizon)
        self._id_count += 1
        told = self._most_probable(person) == class_id
        onset = ActionEvent(
            stamp_ns=scores.stamp_ns,
            event_id=f"{self._id_prefix}-{self._id_count}",
            phase=Phase.ONSET,
            track_id=person.track_id,
            class_id=class_id,
            label=self.class_names[class_id],
            score=float(track.evidence.smoothed[class_id]),
            body_score=float(person.body_probabilities[class_id]),
            hand_score=float(person.hand_probabilities[class_id]),
            start_ns=start,
            end_ns=max(track.evidence.end_ns(class_id), start),
            frame_id=scores.frame_id,
            model_name=scores.model_name,
            hand=person.hand if told else Hand.NONE,
            hands_differ=told and person.hands_differ,
            place=person.place,
        )
        track.event = OpenEvent(
            *(onset, class_id, onset.score, onset.body_score, onset.hand_score),
            *(onset.hand, onset.hands_differ),
        )
        return onset

    def _close_event(
        self, track: Track, reason: OffsetReason, stamp: int, *, cut_off: bool = True
    ) -> list[ActionEvent]:
        """Close the track's open event, if there is one; return its OFFSET.

        The event is not retracted if it is `cut_off`: its scores do not say that it is over.
        """
        event = track.event
        if event is None:
            return []
        class_id = event.class_id
        rule = self.rules.of_class[class_id]
        end = max(track.evidence.end_ns(class_id, cut_off=cut_off), event.onset.end_ns)
        if not cut_off:
            held_until = stamp if event.fading_since_ns is None else event.fading_since_ns
            if held_until - event.onset.stamp_ns < rule.min_duration_ns:
                reason = OffsetReason.RETRACTED
        track.event = None
        key = (event.onset.track_id, event.onset.label)
        self._ended_ns[event.onset.track_id] = end
        self._refractory_until_ns[key] = stamp + rule.refractory_ns
        return [
            replace(
                event.onset,
                stamp_ns=stamp,
                phase=Phase.OFFSET,
                score=event.score,
                body_score=event.body_score,
                hand_score=event.hand_score,
                end_ns=end,
                reason=reason,
                hand=event.hand,
                hands_differ=event.hands_differ,
                place=track.place,
            )
        ]
