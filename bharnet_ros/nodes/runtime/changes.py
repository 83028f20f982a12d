"""Sets parameters of a working node: checked together, loaded aside, changed all at once."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from rcl_interfaces.msg import SetParametersResult
from rcl_interfaces.srv import SetParameters, SetParametersAtomically
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.exceptions import ParameterNotDeclaredException
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_parameters
from rclpy.task import Future

from bharnet_ros.nodes.runtime.parameters import type_of
from bharnet_ros.nodes.runtime.spin import leave
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.parameters import ParameterSpec

MOST_WAITING = 8
"""Changes that wait, at most: a client may set parameters faster than a model is loaded."""

_ENDS = "the node ends, so this was not done"

_REFUSALS = (ValueError, OSError, RuntimeError)
"""What a change may raise that cannot be made."""


@dataclass(frozen=True)
class Change:
    """A change of parameters that has passed its first checks.

    Attributes:
        apply: Makes the change, on the thread of the node; takes what `load` returned. Changes
            nothing if it raises an error.
        load: Loads what the change needs, on a thread of its own; None if that is nothing.
        abandon: Called instead of `apply` if the change is not made after all.
    """

    apply: Callable[[Any], None]
    load: Callable[[], Any] | None = None
    abandon: Callable[[], None] = lambda: None


class Changeable(Protocol):
    """A node whose parameters can change while it works."""

    @property
    def active(self) -> bool:
        """Whether it is active."""

    @property
    def configuration(self) -> dict[str, Any] | None:
        """The parameters at work: a new mapping after each `configure`, None before and after."""

    def plan_change(self, parameters: Mapping[str, Any], changed: frozenset[str]) -> Change:
        """Check a change of the parameters that are `live`; only called while configured.

        Args:
            parameters: All parameters as they would be at work.
            changed: Names of those that would differ, or whose files are to be read anew.

        Raises:
            InputError: They do not go together, or cannot change now; names the parameter.
        """

    def unexpected(self, error: Exception) -> None:
        """Log an unexpected error with its traceback."""


@dataclass
class _Planned:
    """A change on its way."""

    parameters: list[Parameter]
    configuration: dict[str, Any] | None
    at_work: dict[str, Any]
    change: Change | None = None


class ParameterChanges:
    """Sets the parameters of a lifecycle node, in place of the services of rclpy.

    Those would hold the node until a model is loaded. Here it goes on meanwhile, and the answer
    comes when the change is made or refused. Changes are made one after the other, first come,
    first served.
    """

    def __init__(
        self,
        node: Node,
        work: Changeable,
        specs: Sequence[ParameterSpec],
        store: Callable[[list[Parameter]], SetParametersResult],
    ) -> None:
        """Offer the services.

        Args:
            node: The node.
            work: What the node does.
            specs: Its parameters; any other parameter is set as rclpy does.
            store: Sets parameters as rclpy does.
        """
        self._node = node
        self._work = work
        self._specs = {spec.name: spec for spec in specs}
        self._store = store
        self._underway = False
        self._ended = False
        self._loading: Future | None = None
        self._turns: deque[Future] = deque()
        types = (SetParameters, SetParametersAtomically)
        for service in list(node.services):
            if service.srv_type in types:
                node.destroy_service(service)
        options = {
            "qos_profile": qos_profile_parameters,
            # The next request is taken while one waits; all run on the thread of the node.
            "callback_group": ReentrantCallbackGroup(),
        }
        node.create_service(SetParameters, "~/set_parameters", self._on_set, **options)
        node.create_service(
            SetParametersAtomically,
            "~/set_parameters_atomically",
            self._on_set_atomically,
            **options,
        )

    def set_now(self, parameters: Sequence[Parameter]) -> SetParametersResult:
        """Set parameters together, or none; wait until the change is made.

        Raises:
            rclpy.exceptions.ParameterNotDeclaredException: There is no such parameter.
        """
        try:
            planned = self._plan(parameters)
        except _REFUSALS as error:
            return _refused(error)
        load = planned.change.load if planned.change is not None else None
        try:
            loaded = load() if load is not None else None
        except Exception as error:
            refusal = self._abandon(planned, error)
            if not isinstance(error, _REFUSALS):
                self._work.unexpected(error)
            return refusal
        return self._make(planned, loaded)

    async def set_aside(self, parameters: Sequence[Parameter]) -> SetParametersResult:
        """Set parameters together, or none, while the node goes on.

        Raises:
            rclpy.exceptions.ParameterNotDeclaredException: There is no such parameter.
        """
        try:
            await self._take_turn()
        except InputError as error:
            return _refused(error)
        try:
            return await self._set(parameters)
        finally:
            self._hand_over()

    def end(self) -> None:
        """Refuse the changes that load or wait, and all that come later."""
        self._ended = True
        if self._loading is not None:
            self._loading.set_result(None)
        while self._turns:
            self._turns.popleft().set_result(None)

    async def _take_turn(self) -> None:
        """Wait until all changes are done that came before; `_hand_over` must follow.

        Raises:
            InputError: `MOST_WAITING` changes wait, or the node ends; nothing must follow.
        """
        if self._underway and not self._ended:
            if len(self._turns) >= MOST_WAITING:
                raise InputError(f"{MOST_WAITING} changes wait already; try again when one is done")
            turn = Future(executor=self._node.executor)
            self._turns.append(turn)
            await turn
        if self._ended:
            raise InputError(_ENDS)
        self._underway = True

    def _hand_over(self) -> None:
        """Let the oldest change that waits be made."""
        self._underway = bool(self._turns)
        if self._turns:
            # A task, because that wakes the executor.
            self._node.executor.create_task(self._turns.popleft().set_result, None)

    async def _set(self, parameters: Sequence[Parameter]) -> SetParametersResult:
        """Set parameters, as `set_aside` does, when it is their turn."""
        try:
            planned = self._plan(parameters)
        except _REFUSALS as error:
            return _refused(error)
        if planned.change is None or planned.change.load is None:
            return self._make(planned, None)
        self._loading = self._start(planned.change.load)
        loaded = await self._loading
        self._loading = None
        if self._ended:
            return self._abandon(planned, InputError(_ENDS))
        if isinstance(loaded, Exception):
            if not isinstance(loaded, _REFUSALS):
                self._work.unexpected(loaded)
            return self._abandon(planned, loaded)
        return self._make(planned, loaded)

    def _start(self, load: Callable[[], Any]) -> Future:
        """Load on another thread; the future has what was loaded, or the exception."""
        executor = self._node.executor
        future = Future(executor=executor)

        def run() -> None:
            try:
                loaded = load()
            except Exception as error:
                loaded = error
            if not future.done():
                # A task, because that wakes the executor, on whose thread the change is made.
                executor.create_task(future.set_result, loaded)

        thread = threading.Thread(target=run, name="loading parameters", daemon=True)
        leave(thread)
        thread.start()
        return future

    def _plan(self, parameters: Sequence[Parameter]) -> _Planned:
        """Check parameters, and what would change with them.

        Raises:
            InputError: They cannot be set; names one.
            rclpy.exceptions.ParameterNotDeclaredException: There is no such parameter.
        """
        unknown = [one.name for one in parameters if not self._node.has_parameter(one.name)]
        if unknown:
            raise ParameterNotDeclaredException(unknown)
        typed = [self._typed(one) for one in parameters]
        # A choice given at the start may be none: then it must be possible to set it right.
        before = {
            name: spec.typed(self._node.get_parameter(name).value)
            for name, spec in self._specs.items()
        }
        given = {one.name: one.value for one in typed if one.name in self._specs}
        after = before | given
        changed = frozenset(
            name
            for name, value in given.items()
            # What lies on the disk under the same name may be another.
            if value != before[name] or (value and self._specs[name].names_files)
        )
        configuration = self._work.configuration
        if self._work.active:
            for name in sorted(changed):
                if not self._specs[name].live:
                    raise InputError(
                        f"parameter {name}: cannot change while the node is active, only before "
                        "it is configured"
                    )
        live = {name: after[name] for name in after if self._specs[name].live}
        planned = _Planned(typed, configuration, (configuration or {}) | live)
        if configuration is not None and changed & live.keys():
            planned.change = self._work.plan_change(planned.at_work, changed & live.keys())
        return planned

    def _typed(self, parameter: Parameter) -> Parameter:
        """Return a parameter in its own type; raises as `ParameterSpec.taken` does."""
        spec = self._specs.get(parameter.name)
        if spec is None:
            return parameter
        return Parameter(spec.name, type_of(spec), spec.taken(parameter.value))

    def _make(self, planned: _Planned, loaded: Any) -> SetParametersResult:
        """Make a change whose parts are all there."""
        if planned.configuration is not self._work.configuration:
            return self._abandon(planned, InputError("the node was configured anew meanwhile"))
        before = [self._node.get_parameter(one.name) for one in planned.parameters]
        result = self._store(planned.parameters)
        if planned.change is None:
            return result
        if not result.successful:
            planned.change.abandon()
            return result
        try:
            planned.change.apply(loaded)
            assert planned.configuration is not None
            planned.configuration.update(planned.at_work)
        except Exception as error:  # the parameters must say what is at work
            self._store(before)
            if not isinstance(error, _REFUSALS):
                self._work.unexpected(error)
            return self._abandon(planned, error)
        return result

    def _abandon(self, planned: _Planned, error: Exception) -> SetParametersResult:
        if planned.change is not None:
            planned.change.abandon()
        return _refused(error)

    async def _on_set(
        self, request: SetParameters.Request, response: SetParameters.Response
    ) -> SetParameters.Response:
        for message in request.parameters:
            response.results.append(await self._answer([message]))
        return response

    async def _on_set_atomically(
        self, request: SetParametersAtomically.Request, response: SetParametersAtomically.Response
    ) -> SetParametersAtomically.Response:
        response.result = await self._answer(request.parameters)
        return response

    async def _answer(self, messages: Sequence[Any]) -> SetParametersResult:
        try:
            return await self.set_aside([Parameter.from_parameter_msg(one) for one in messages])
        except ParameterNotDeclaredException as error:
            return _refused(error)


def _refused(error: Exception) -> SetParametersResult:
    return SetParametersResult(successful=False, reason=" ".join(str(error).split()))
