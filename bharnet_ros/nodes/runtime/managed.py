"""The base class of the lifecycle nodes: parameters, diagnostics, safe transitions."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rcl_interfaces.msg import SetParametersResult
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter

from bharnet_ros.nodes.runtime.changes import Change, ParameterChanges
from bharnet_ros.nodes.runtime.counters import LOST, NodeCounters
from bharnet_ros.nodes.runtime.diagnostics import LOG_PERIOD, NodeDiagnostics
from bharnet_ros.nodes.runtime.parameters import declare_parameters, read_parameters
from bharnet_ros.nodes.runtime.watching import InputWatch, age
from bharnet_ros.types.parameters import ParameterSpec

LOST_LOG_PERIOD = 30.0


class ManagedNode(LifecycleNode):
    """A lifecycle node; subclasses implement what it loads, starts, stops and releases.

    `configure` loads and warms up, `activate` starts, `deactivate` stops (and publishes what must
    not stay open), `release` undoes `configure` and works from any state. An error that `configure`
    or `activate` raises is logged, and the transition fails. `plan_change` changes parameters while
    the node is configured; what is not `live` is refused while it is active.

    Args:
        name: Name of the node.
        specs: Its parameters.
        kwargs: Passed on to `rclpy.node.Node`.

    Attributes:
        loading: Whether `configure` is at work.
        failure: Why the last transition failed.
        logs_failures: Whether that is logged; else whoever asked for the transition tells it.
    """

    def __init__(self, name: str, specs: Sequence[ParameterSpec], **kwargs: Any) -> None:
        """Declare the parameters; `configure` does everything else."""
        super().__init__(name, **kwargs)
        self._specs = tuple(specs)
        declare_parameters(self, self._specs)
        self.counters = NodeCounters()
        self.state = "unconfigured"
        self.configuration: dict[str, Any] | None = None
        self.loading = False
        self.failure: Exception | None = None
        self.logs_failures = True
        self._watch: InputWatch | None = None
        self._changes = ParameterChanges(self, self, self._specs, super().set_parameters_atomically)
        self._diagnostics = NodeDiagnostics(self, self.counters, self._describe, self._warn)

    def configure(self, parameters: dict[str, Any]) -> None:
        """Load everything that the parameters name.

        Raises:
            InputError, OSError, RuntimeError: Something cannot be loaded.
        """
        raise NotImplementedError

    def activate(self) -> None:
        """Start working."""
        raise NotImplementedError

    def deactivate(self) -> None:
        """Stop working and close what is open; do nothing if nothing was started."""
        raise NotImplementedError

    def release(self) -> None:
        """Release what `configure` loaded; do nothing if nothing was loaded."""
        raise NotImplementedError

    def plan_change(self, parameters: Mapping[str, Any], changed: frozenset[str]) -> Change:
        """Check a change of live parameters; as `Changeable.plan_change` says.

        Raises:
            InputError: They do not go together, or cannot change now; names the parameter.
        """
        raise NotImplementedError

    def describe(self) -> dict[str, str]:
        """Return further values for the diagnostics, by name."""
        return {}

    def warning(self) -> str:
        """Return what is wrong though the node works; empty if nothing is."""
        return ""

    def reject(self, problem: str) -> None:
        """Count an input that cannot be used, and log why, at most every 5 s."""
        self._diagnostics.reject(problem)

    def unexpected(self, error: Exception) -> None:
        """Log an unexpected error with its traceback; the node goes on."""
        self.counters.rejected(f"internal error: {error}")
        text = "".join(traceback.format_exception(error))
        self.get_logger().error(f"internal error: {text}", throttle_duration_sec=LOG_PERIOD)

    @property
    def active(self) -> bool:
        """Whether the node is active."""
        return self.state == "active"

    def set_parameters(self, parameter_list: list[Parameter]) -> list[SetParametersResult]:
        """Set parameters one by one, as `set_parameters_atomically` does."""
        return [self.set_parameters_atomically([one]) for one in parameter_list]

    def set_parameters_atomically(self, parameter_list: list[Parameter]) -> SetParametersResult:
        """Set parameters together, or none, with the reason; wait until they are at work."""
        return self._changes.set_now(parameter_list)

    def age(self, stamp_ns: int) -> float:
        """Return the seconds from a stamp until now, on the node's clock; NaN if it is not set."""
        return age(self, stamp_ns)

    def watch_input(self, topic: str, message_type: type) -> None:
        """Warn, until the node is deactivated, when `heard` brings nothing new from a topic."""
        self._watch = InputWatch(self, topic, message_type)

    def count_lost(self, topic: str, remedy: str = "") -> SubscriptionEventCallbacks:
        """Return callbacks for a subscription that count messages lost on their way, and warn.

        Args:
            topic: Name of the topic, for the log.
            remedy: What the user can do, for the log.
        """

        def on_lost(status: Any) -> None:
            self.counters.count(LOST, status.total_count_change)
            lost = self.counters.totals[LOST]
            self.get_logger().warning(
                f"{self.resolve_topic_name(topic)}: {lost} messages lost on their way so far"
                + (f"; {remedy}" if remedy else ""),
                throttle_duration_sec=LOST_LOG_PERIOD,
            )

        return SubscriptionEventCallbacks(message_lost=on_lost)

    def heard(self, stamp_ns: int) -> None:
        """Note a message of the watched topic, and its stamp in nanoseconds."""
        watch = self._watch
        if watch is not None:
            watch.take(stamp_ns)

    def finish(self) -> None:
        """Shut down for good, from any state; call it on the thread that spins the node."""
        if self.state != "finalized":
            self.trigger_shutdown()

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load; a failure leaves the node unconfigured."""

        parameters: dict[str, Any] = {}

        def load() -> None:
            parameters.update(read_parameters(self, self._specs))
            self.loading = True
            try:
                self.configure(parameters)
            finally:
                self.loading = False

        result = self._attempt("configure", load, super().on_configure, state)
        if result is TransitionCallbackReturn.SUCCESS:
            self.state = "inactive"
            self.configuration = parameters
        else:
            self.release()
        return result

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start; a failure leaves the node inactive."""
        # Publishers first, so that the first result is not lost.
        result = super().on_activate(state)
        if result is TransitionCallbackReturn.SUCCESS:
            result = self._attempt("activate", self.activate, None, state)
        if result is TransitionCallbackReturn.SUCCESS:
            self.state = "active"
            self.get_logger().info("active")
        else:
            self._stop()
            super().on_deactivate(state)
        return result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop; publishers stay open until everything is closed."""
        self._stop()
        self.state = "inactive"
        self.get_logger().info("inactive")
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release everything."""
        self._forget()
        self.state = "unconfigured"
        return super().on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop and release, from any state."""
        self._changes.end()
        self._stop()
        result = super().on_shutdown(state)
        self._forget()
        self.state = "finalized"
        return result

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop and release, so that the node can be configured again."""
        self._stop()
        super().on_error(state)
        self._forget()
        self.state = "unconfigured"
        return TransitionCallbackReturn.SUCCESS

    def _forget(self) -> None:
        self.configuration = None
        self.release()

    def _stop(self) -> None:
        self._watch = None
        self.deactivate()

    def _attempt(
        self,
        transition: str,
        function: Callable[[], None],
        on_success: Callable[[LifecycleState], TransitionCallbackReturn] | None,
        state: LifecycleState,
    ) -> TransitionCallbackReturn:
        try:
            function()
        except (ValueError, OSError, RuntimeError) as error:
            self.failure = error
            if self.logs_failures:
                self.get_logger().error(f"{transition} failed: {error}")
            return TransitionCallbackReturn.FAILURE
        except Exception as error:
            # rclpy turns any exception into a transition error and does not log it.
            self.unexpected(error)
            raise
        return TransitionCallbackReturn.SUCCESS if on_success is None else on_success(state)

    def _warn(self) -> str:
        return (self._watch.problem() if self._watch is not None else "") or self.warning()

    def _describe(self) -> dict[str, str]:
        return {"state": self.state, **self.describe()}
