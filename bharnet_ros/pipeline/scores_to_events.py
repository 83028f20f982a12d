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

    Broken scores and scores of another model are rejected; their stamps have no effect. Scores with
    a repeated stamp change nothing. When stamps go back, every open event ends. A stamp that is not
    set has no rule of its own: zero is a time like any other.
    """

    def __init__(
        self, overrides: EventOverrides, log: MessageLog, id_prefix: str | None = None
    ) -> None:
        """Start without a model: no scores can be used yet.

        Args:
            overrides: Event parameters that replace the model's.
            log: Receives reports.
            id_prefix: Prefix of event ids; None for one that no other process uses.
        """
        self._overrides = overrides
        self._log = log
        self._id_prefix = id_prefix
        self._model_count = 0
        self._stamps = StampCheck(log, "events end")
        self._finder: EventFinder | None = None
        self._model_name: str | None = None

    @property
    def class_names(self) -> tuple[str, ...]:
        """Class names in the order of the probabilities; empty without a model."""
        return () if self._finder is None else self._finder.class_names

    @property
    def open_events(self) -> int:
        """Number of open events."""
        return 0 if self._finder is None else len(self._finder.open_events)

    def use_model(self, model: EventModel, name: str | None) -> None:
        """Take the scores of this model from now on; call `close` before replacing another.

        Args:
            model: Classes and event parameters of the model.
            name: Name that scores must carry; None takes the scores of any model.

        Raises:
            InputError: The model cannot be used with the overrides; there is no model then.
        """
        self.forget_model()
        self._model_count += 1
        prefix = self._id_prefix
        if prefix is not None and self._model_count > 1:
            prefix = f"{prefix}-model{self._model_count}"
        self._model_name = name
        self._finder = make_event_finder(model, self._overrides, id_prefix=prefix)

    def forget_model(self) -> None:
        """Take no scores until the next `use_model`."""
        self._finder = None

    def take(self, message: Message) -> tuple[ActionScores, list[ActionEvent]] | None:
        """Take a scores message; return the scores and their events, None if it is rejected."""
        if self._finder is None:
            self._log.count(BEFORE_MODEL_INFO)
            self._log.warn("scores arrive, but no usable model_info yet", _WARN_PERIOD_S)
            return None
        try:
            scores = scores_from_message(message, len(self.class_names))
        except ValueError as error:
            self._log.reject(str(error))
            return None
        events = self.take_scores(scores)
        return None if events is None else (scores, events)

    def take_scores(self, scores: ActionScores) -> list[ActionEvent] | None:
        """Take scores that are not a message; return their events, None if they are rejected.

        Needs a model: call `use_model` first.
        """
        assert self._finder is not None
        if self._model_name is not None and scores.model_name != self._model_name:
            self._log.reject(
                f"scores of model {scores.model_name!r}, but the model is {self._model_name!r}"
            )
            return None
        try:
            events = self._finder.update(scores)
        except ValueError as error:
            self._log.reject(str(error))
            return None
        self._stamps.take(scores.stamp_ns)
        return events

    def close(self, reason: OffsetReason) -> list[ActionEvent]:
        """End every open event and return the OFFSETs."""
        return [] if self._finder is None else self._finder.close(reason)

    def reset(self) -> None:
        """Forget the model and the last stamp."""
        self.forget_model()
        self._stamps.reset()
