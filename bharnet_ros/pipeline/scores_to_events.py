"""The third step of the chain: class scores in, action events out."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from bharnet_ros.messages.reading import (
    Message,
    event_model_from_message,
    scores_from_message,
    time_to_ns,
)
from bharnet_ros.pipeline.message_log import BEFORE_MODEL_INFO, OF_REPLACED_MODEL, MessageLog
from bharnet_ros.pipeline.stamp_check import StampCheck
from bharnet_ros.recognition.events.evidence import check_scores
from bharnet_ros.recognition.events.finder import EventFinder
from bharnet_ros.recognition.events.overrides import (
    EventOverrides,
    change_classes,
    change_model,
    check_change,
    fitting_overrides,
    make_event_finder,
)
from bharnet_ros.recognition.events.parameters import EventModel
from bharnet_ros.recognition.events.rules import Rules
from bharnet_ros.types.actions import ActionEvent, ActionScores, OffsetReason, move_classes
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.stamps import Step, step_between

_WARN_PERIOD_S = 5.0

_MOST_EARLIER = 8
"""Most changes of the classes after which scores that were on their way can still be read."""


class ScoresToEvents:
    """Makes exactly one ONSET and one OFFSET of the scores of each action.

    Broken scores, scores without a stamp and scores of another model are rejected; their stamps
    have no effect. Scores whose stamp is repeated or a little late change nothing. When stamps go
    back further, every open event ends.
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
        self._weights = ""
        self._model: EventModel | None = None
        self._earlier: dict[str, Rules] = {}
        self._replaced: deque[str] = deque(maxlen=_MOST_EARLIER)
        self._first_of_replaced_ns: int | None = None

    @property
    def class_names(self) -> tuple[str, ...]:
        """Class names in the order of the probabilities; empty without a model."""
        return () if self._finder is None else self._finder.class_names

    @property
    def open_events(self) -> int:
        """Number of open events."""
        return 0 if self._finder is None else len(self._finder.open_events)

    def take_model(self, message: Message) -> tuple[list[ActionEvent], str]:
        """Take a model_info message.

        Other classes of the same weights, as when a gesture is taught, leave the events of classes
        that stay open. Any other model ends every event: it replaces those of a model that is known
        to be another.

        Returns:
            The OFFSETs of events that end with it; and why it cannot be used, empty if it can:
            there is no model then.
        """
        events: list[ActionEvent] = []
        try:
            model = event_model_from_message(message)
            if self._finder is None:
                self.use_model(model, message.name, message.weights_sha256)
            elif self._weights != "" and self._weights == message.weights_sha256:
                events = self._change_classes(model, message.name)
            else:
                events = self._change_model(model, message.name, message.weights_sha256)
        except ValueError as error:
            events = self.close(OffsetReason.SOURCE_LOST)
            self.forget_model()
            return events, str(error)
        return events, ""

    def check_overrides(self, overrides: EventOverrides) -> None:
        """Check overrides against the model, if there is one.

        Raises:
            InputError: They do not fit it, or are of a class that it does not have; names them.
        """
        if self._model is not None:
            check_change(self._model, overrides, self._overrides)

    def change_overrides(self, overrides: EventOverrides) -> None:
        """Decide by other overrides from the next scores on; open events go on.

        Raises:
            InputError: As `check_overrides` does; nothing changes then.
        """
        self.check_overrides(overrides)
        self._overrides = overrides
        if self._model is not None and self._finder is not None:
            change_classes(self._finder, self._model, self._fitting(self._model, strict=False))

    def use_model(self, model: EventModel, name: str | None, weights: str = "") -> None:
        """Take the scores of this model from now on; call `close` before replacing another.

        Args:
            model: Classes and event parameters of the model.
            name: Name that scores must carry; None takes the scores of any model.
            weights: Hash of its weights; empty if it is not known.

        Raises:
            InputError: The model cannot be used with the overrides; there is no model then.
        """
        self.forget_model()
        self._model_count += 1
        prefix = self._id_prefix
        if prefix is not None and self._model_count > 1:
            prefix = f"{prefix}-model{self._model_count}"
        self._model_name = name
        self._weights = weights
        fitting = self._fitting(model, strict=True)
        self._finder = make_event_finder(model, fitting, id_prefix=prefix)
        self._model = model

    def _fitting(self, model: EventModel, *, strict: bool) -> EventOverrides:
        """Return the overrides that fit a model, and warn of the others."""
        fitting, problems = fitting_overrides(model, self._overrides, strict=strict)
        for problem in problems:
            self._log.warn(f"{problem}; this value is not used")
        return fitting

    def _change_classes(self, model: EventModel, name: str) -> list[ActionEvent]:
        assert self._finder is not None and self._model_name is not None
        rules = self._finder.rules
        events = change_classes(self._finder, model, self._fitting(model, strict=False))
        self._model = model
        self._earlier.pop(name, None)
        # They may be back, as they were before another model.
        self._replaced = deque((one for one in self._replaced if one != name), _MOST_EARLIER)
        if self._model_name != name:
            self._earlier[self._model_name] = rules
        for oldest in list(self._earlier)[:-_MOST_EARLIER]:
            del self._earlier[oldest]
        self._model_name = name
        return events

    def _change_model(self, model: EventModel, name: str, weights: str) -> list[ActionEvent]:
        assert self._finder is not None
        same = name == self._model_name and "" in (weights, self._weights)
        reason = OffsetReason.SOURCE_LOST if same else OffsetReason.REPLACED
        events = change_model(self._finder, model, self._fitting(model, strict=True), reason)
        before = [*self._replaced, *self._earlier, self._model_name]
        self._replaced = deque((one for one in before if one and one != name), _MOST_EARLIER)
        self._first_of_replaced_ns = None
        self._earlier.clear()
        self._model, self._model_name, self._weights = model, name, weights
        return events

    def forget_model(self) -> None:
        """Take no scores until the next `use_model`."""
        self._finder = self._model = None
        self._earlier.clear()
        self._replaced.clear()

    def take(self, message: Message) -> tuple[ActionScores, list[ActionEvent]] | None:
        """Take a scores message; return the scores and their events.

        Returns None if it is rejected or late.
        """
        if self._finder is None:
            self._log.count(BEFORE_MODEL_INFO)
            self._log.warn("scores arrive, but no usable model_info yet", _WARN_PERIOD_S)
            return None
        if message.model_name in self._replaced:
            self._leave_out(message, self._finder.rules.source_timeout_ns)
            return None
        try:
            scores = self._of_these_classes(message)
        except ValueError as error:
            self._log.reject(str(error))
            return None
        events = self.take_scores(scores)
        return None if events is None else (scores, events)

    def take_scores(self, scores: ActionScores) -> list[ActionEvent] | None:
        """Take scores that are not a message; return their events.

        Returns None if they are rejected or late. Needs a model: call `use_model` first.
        """
        assert self._finder is not None
        try:
            self._check_model(scores.model_name)
            self._stamps.require(scores.stamp_ns)
            events = None
            if step_between(self._stamps.newest_ns, scores.stamp_ns) is Step.LATE:
                # A new event finder does not know the newest stamp, and would take them.
                check_scores(scores, len(self.class_names))
            else:
                events = self._finder.update(scores)
        except ValueError as error:
            self._log.reject(str(error))
            return None
        self._stamps.take(scores.stamp_ns)
        return events

    def _leave_out(self, message: Message, patience_ns: int) -> None:
        """Leave out scores of a replaced model; some were on their way when it was replaced."""
        self._log.count(OF_REPLACED_MODEL)
        stamp_ns = time_to_ns(message.header.stamp)
        if self._first_of_replaced_ns is None:
            self._first_of_replaced_ns = stamp_ns
        if stamp_ns - self._first_of_replaced_ns > patience_ns:
            self._log.warn(
                f"scores of model {message.model_name!r} go on, but {self._model_name!r} has "
                "replaced it: they are left out",
                _WARN_PERIOD_S,
            )

    def _of_these_classes(self, message: Message) -> ActionScores:
        """Return the scores in a message, those of earlier classes as scores of these.

        Raises:
            InputError: They are of another model, or cannot be used.
        """
        assert self._finder is not None
        earlier = self._earlier.get(message.model_name)
        if earlier is None:
            self._check_model(message.model_name)
            return scores_from_message(message, len(self.class_names))
        scores = scores_from_message(message, len(earlier.names))
        rules = self._finder.rules
        # What is gone counts as background.
        places = [rules.background if one is None else one for one in rules.places(earlier)]
        moved = move_classes(scores, places, len(rules.names))
        return replace(moved, model_name=str(self._model_name))

    def _check_model(self, name: str) -> None:
        if self._model_name is not None and name != self._model_name:
            raise InputError(f"scores of model {name!r}, but the model is {self._model_name!r}")

    def close(self, reason: OffsetReason) -> list[ActionEvent]:
        """End every open event and return the OFFSETs."""
        return [] if self._finder is None else self._finder.close(reason)

    def reset(self) -> None:
        """Forget the model and the last stamp."""
        self.forget_model()
        self._stamps.reset()
