"""The services by which a running recognition node is taught gestures."""

from __future__ import annotations

import array
import traceback
from collections.abc import Callable
from concurrent.futures import CancelledError
from concurrent.futures import Future as Work
from typing import Any, TypeVar

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from rclpy.task import Future
from std_srvs.srv import Trigger

from bharnet_ros.gestures.check import NONE, GestureCheck
from bharnet_ros.gestures.classroom import Change, Classroom
from bharnet_ros.gestures.manage import format_check
from bharnet_ros.gestures.progress import TeachingProgress
from bharnet_ros.msg import TeachingProgress as TeachingProgressMessage
from bharnet_ros.nodes.conversions import time_from_ns, time_to_ns
from bharnet_ros.nodes.runtime.qos import LATCHED
from bharnet_ros.srv import (
    CheckGestures,
    Forget,
    GetExample,
    ListGestures,
    RemoveExample,
    RenameGesture,
    Teach,
    TeachFromWindow,
    TeachMoment,
)
from bharnet_ros.types.errors import InputError

Result = TypeVar("Result")


class TeachingServices:
    """Offers `~/teach` and the other services, and publishes `~/teaching`.

    A request that takes time is answered when it is done; the node goes on meanwhile.
    """

    def __init__(self, node: Node) -> None:
        """Offer the services; until `open` they answer that the node is not active."""
        self._node = node
        self._classroom: Classroom | None = None
        self._paused = False
        self._publisher = node.create_publisher(TeachingProgressMessage, "~/teaching", LATCHED)
        node.create_service(Teach, "~/teach", self._teach)
        node.create_service(Trigger, "~/stop_teaching", self._stop)
        node.create_service(ListGestures, "~/list_gestures", self._list)
        node.create_service(GetExample, "~/get_example", self._get_example)
        # Others go on while these wait for their answer; all run on the thread of the node.
        waiting = ReentrantCallbackGroup()
        for service, name, answer in (
            (TeachFromWindow, "~/teach_from_window", self._teach_from_window),
            (TeachMoment, "~/teach_moment", self._teach_moment),
            (Forget, "~/forget", self._forget),
            (RenameGesture, "~/rename_gesture", self._rename),
            (RemoveExample, "~/remove_example", self._remove_example),
            (CheckGestures, "~/check_gestures", self._check),
        ):
            node.create_service(service, name, answer, callback_group=waiting)

    def open(self, classroom: Classroom) -> None:
        """Teach in this classroom from now on."""
        classroom.on_progress = self._publish
        self._classroom = classroom

    def pause(self, paused: bool = True) -> None:
        """Refuse requests while another classroom is prepared, or no longer."""
        self._paused = paused

    def close(self) -> None:
        """Teach no longer; a lesson ends, and what was taken is learned."""
        classroom, self._classroom = self._classroom, None
        if classroom is not None:
            classroom.close()

    def _teach(self, request: Teach.Request, response: Teach.Response) -> Teach.Response:
        def start() -> str:
            self._opened().start(
                *(request.label, request.examples, request.track_id),
                replace=request.replace,
                either_hand=request.either_hand,
            )
            return f"{request.label}: the lesson begins"

        return self._answer(response, start)

    def _stop(self, _request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        return self._answer(response, lambda: self._opened().stop())

    async def _teach_from_window(
        self, request: TeachFromWindow.Request, response: TeachFromWindow.Response
    ) -> TeachFromWindow.Response:
        return await self._answer_later(
            response,
            lambda: self._opened().teach_from_window(
                request.label, request.track_id, request.seconds
            ),
        )

    async def _teach_moment(
        self, request: TeachMoment.Request, response: TeachMoment.Response
    ) -> TeachMoment.Response:
        times = time_to_ns(request.start), time_to_ns(request.end)
        return await self._answer_later(
            response,
            lambda: self._opened().teach_moment(request.label, request.track_id, *times),
        )

    async def _forget(self, request: Forget.Request, response: Forget.Response) -> Forget.Response:
        return await self._change(response, lambda known: known.without(request.label))

    async def _rename(
        self, request: RenameGesture.Request, response: RenameGesture.Response
    ) -> RenameGesture.Response:
        return await self._change(
            response, lambda known: known.renamed(request.label, request.new_label)
        )

    async def _remove_example(
        self, request: RemoveExample.Request, response: RemoveExample.Response
    ) -> RemoveExample.Response:
        return await self._change(
            response, lambda known: known.without_example(request.label, request.example)
        )

    async def _check(
        self, _request: CheckGestures.Request, response: CheckGestures.Response
    ) -> CheckGestures.Response:
        def read(check: GestureCheck) -> str:
            names = list(check.taken_for)
            response.labels = names
            response.thresholds = [check.thresholds[name] for name in names]
            response.taken_for = [
                check.taken_for[name].get(other, 0) for name in names for other in (*names, NONE)
            ]
            response.false_share = check.false_share
            return format_check(check)

        return await self._answer_later(response, lambda: self._opened().check(), read)

    def _get_example(
        self, request: GetExample.Request, response: GetExample.Response
    ) -> GetExample.Response:
        def find() -> str:
            examples = self._opened().gestures.examples_of(request.label)
            if request.index >= len(examples):
                raise InputError(f"index: gesture {request.label!r} has {len(examples)} examples")
            example = examples[request.index]
            response.example = example.sha256
            response.keypoints = array.array("B", example.to_bytes())
            return ""

        return self._answer(response, find)

    def _list(
        self, _request: ListGestures.Request, response: ListGestures.Response
    ) -> ListGestures.Response:
        classroom = self._classroom
        if classroom is not None and classroom.folder is not None:
            known = classroom.gestures.gestures
            response.folder = str(classroom.folder)
            response.labels = list(known)
            response.examples = [len(each) for each in known.values()]
            response.background_examples = len(classroom.gestures.background)
        return response

    def _opened(self) -> Classroom:
        if self._classroom is None:
            raise InputError("the node is not active")
        if self._paused:
            raise InputError("the model or its gestures are being changed; try again")
        return self._classroom

    def _answer(self, response: Any, function: Callable[[], str]) -> Any:
        """Fill in a response with what was done, or why it could not be."""
        try:
            response.message = function()
            response.success = True
        except (ValueError, OSError) as error:
            response.message, response.success = str(error), False
        except CancelledError:
            response.message, response.success = "the node ends, so this was not done", False
        except Exception as error:  # a client must get its answer
            response.message, response.success = f"internal error: {error}", False
            self._node.get_logger().error(f"{response.message}: {traceback.format_exc()}")
        return response

    async def _change(self, response: Any, change: Change) -> Any:
        return await self._answer_later(response, lambda: self._opened().change(change))

    async def _answer_later(
        self,
        response: Any,
        start: Callable[[], Work[Result]],
        read: Callable[[Result], str] = str,
    ) -> Any:
        """Fill in a response when the work is done that a function starts.

        Args:
            response: The response.
            start: Starts the work.
            read: Fills in what the work found, and returns it in words.
        """
        try:
            work = start()
        except ValueError as error:
            response.message, response.success = str(error), False
            return response
        executor = self._node.executor
        done = Future(executor=executor)
        # A task, because that wakes the executor, on whose thread the answer is sent.
        work.add_done_callback(lambda _: executor.create_task(done.set_result, True))
        await done
        return self._answer(response, lambda: read(work.result()))

    def _publish(self, progress: TeachingProgress) -> None:
        message = TeachingProgressMessage(
            label=progress.gesture,
            track_id=progress.track_id,
            state=progress.state.value,
            taken=progress.taken,
            wanted=progress.wanted,
            text=progress.text,
        )
        message.header.stamp = time_from_ns(progress.stamp_ns)
        message.header.frame_id = progress.frame_id
        self._publisher.publish(message)
