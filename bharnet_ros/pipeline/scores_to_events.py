"""The third step of the chain: class scores in, action events out."""

from __future__ import annotations

from bharnet_ros.messages.reading import Message, scores_from_message
from bharnet_ros.pipeline.message_log import BEFORE_MODEL_INFO, MessageLog
from bharnet_ros.pipeline.stamp_check import StampCheck
from bharnet_ros.recognition.events.finder import EventFinder
from bharnet_ros.recognition.events.overrides import EventOverrides, make_event_finder
from bharnet_ros.recognition.events.parameters import EventModel
from bharnet_ros.types.actions import ActionEvent, ActionScores, OffsetReason

_WARN_PERIOD_S = 5.0


class ScoresToEvents:
    """Makes exactly one ONSET and one OFFSET of the scores of each action.

    Scores are rejected where they cannot be used or come from another model. Where stamps go back,
    every event ends; the stamp of rejected scores ends none.
    """

    def __init__(
        self, overrides: EventOverrides, log: MessageLog, id_prefix: str | None = None
    ) -> None:
        """Start with no model, so that no scores can be used yet.

        Args:
            overrides: What a user sets in place of the model.
            log: Where to report.
            id_prefix: What event ids begin with; None for one that no other process uses.
        """
        self._overrides = overrides
        self._log = log
        self._id_prefix = id_prefix
        self._models = 0
        self._stamps = StampCheck(log, "events end")
        self._detector: EventFinder | None = None
        self._model_name: str | None = None

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes in the order of the probabilities; none without a model."""
        return () if self._detector is None else self._detector.class_names

    @property
    def open_events(self) -> int:
        """How many events are open."""
        return 0 if self._detector is None else len(self._detector.open_events)

    def use_model(self, model: EventModel, name: str | None) -> None:
        """Take the scores of a model from now on; close the events of the one before first.

        Args:
            model: What the model says of its events.
            name: Its name, which scores must bear; None takes the scores of any model.

        Raises:
            InputError: The model cannot be used with these overrides; no scores can be used then.
        """
        self.forget_model()
        self._models += 1
        prefix = self._id_prefix
        if prefix is not None and self._models > 1:
            prefix = f"{prefix}-model{self._models}"
        self._model_name = name
        self._detector = make_event_finder(model, self._overrides, id_prefix=prefix)

    def forget_model(self) -> None:
        """Take no scores until another model is given."""
        self._detector = None

    def take(self, message: Message) -> tuple[ActionScores, list[ActionEvent]] | None:
        """Take a message of scores; return it and the events, None where it cannot be used."""
        if self._detector is None:
            self._log.count(BEFORE_MODEL_INFO)
            self._log.warn("scores come, but no usable model_info yet", _WARN_PERIOD_S)
            return None
        try:
            scores = scores_from_message(message, len(self.class_names))
        except ValueError as error:
            self._log.reject(str(error))
            return None
        events = self.take_scores(scores)
        return None if events is None else (scores, events)

    def take_scores(self, scores: ActionScores) -> list[ActionEvent] | None:
        """Do the same with scores that are no message; a model must have been given."""
        assert self._detector is not None
        if self._model_name is not None and scores.model_name != self._model_name:
            self._log.reject(
                f"scores of model {scores.model_name!r}, but the model is {self._model_name!r}"
            )
            return None
        try:
            events = self._detector.update(scores)
        except ValueError as error:
            self._log.reject(str(error))
            return None
        self._stamps.take(scores.stamp_ns)
        return events

    def close(self, reason: OffsetReason) -> list[ActionEvent]:
        """End every open event and return the OFFSETs."""
        return [] if self._detector is None else self._detector.close(reason)

    def reset(self) -> None:
        """Forget the model and all stamps."""
        self.forget_model()
        self._stamps.reset()
