"""Bring up lifecycle nodes, and do something when they are up."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import lifecycle_msgs.msg
import lifecycle_msgs.srv
import rclpy.node
from launch.action import Action
from launch.actions import (
    EmitEvent,
    LogInfo,
    OpaqueCoroutine,
    OpaqueFunction,
    RegisterEventHandler,
)
from launch.event_handlers import OnProcessExit, OnProcessStart
from launch.events import matches_action
from launch_ros.actions import LifecycleNode
from launch_ros.event_handlers import OnStateTransition
from launch_ros.events.lifecycle import ChangeState
from launch_ros.ros_adapters import get_ros_node

from launch import LaunchContext

POLLS, POLL_SECONDS = 20, 0.05
"""How often, and how many seconds apart, an answer is checked before the request is repeated."""


def bring_up(node: LifecycleNode) -> list[Action]:
    """Return handlers that configure `node` whenever it starts, and then activate it."""

    def change(transition: int) -> ChangeState:
        return ChangeState(lifecycle_node_matcher=matches_action(node), transition_id=transition)

    async def configure(context: LaunchContext) -> None:
        # The services of a killed node remain visible for seconds, and requests to them are lost.
        # An answer shows that the new node is there.
        service = f"{node.node_name}/get_state"
        await first_answer(get_ros_node(context), lifecycle_msgs.srv.GetState, service)
        context.emit_event_sync(change(transitions.TRANSITION_CONFIGURE))

    transitions = lifecycle_msgs.msg.Transition
    return [
        RegisterEventHandler(
            OnProcessStart(target_action=node, on_start=[until_shutdown(configure)])
        ),
        # Only after configuring: a node that an operator deactivated stays inactive.
        RegisterEventHandler(
            OnStateTransition(
                target_lifecycle_node=node,
                start_state="configuring",
                goal_state="inactive",
                entities=[EmitEvent(event=change(transitions.TRANSITION_ACTIVATE))],
            )
        ),
    ]


def incomplete_without(node: LifecycleNode) -> list[Action]:
    """Return handlers that say that the chain is incomplete; a robot's launch may go on without."""

    def report(what: str) -> Action:
        def say(context: LaunchContext) -> list[Action]:
            text = f"the chain to /action_recognition is incomplete: {node.node_name} {what}"
            return [] if context.is_shutdown else [LogInfo(msg=text)]

        return OpaqueFunction(function=say)

    failed = OnStateTransition(
        target_lifecycle_node=node,
        start_state="configuring",
        goal_state="unconfigured",
        entities=[report("could not be configured; its error is above")],
    )
    ended = OnProcessExit(target_action=node, on_exit=[report("has ended")])
    return [RegisterEventHandler(failed), RegisterEventHandler(ended)]


def until_shutdown(work: Callable[[LaunchContext], Awaitable[None]]) -> Action:
    """Return an action that runs a coroutine, and stops it when the launch is shut down."""

    async def run(context: LaunchContext) -> None:
        # A cancelled task would end the launch at once, before its processes.
        with contextlib.suppress(asyncio.CancelledError):
            # A coroutine that starts after the shutdown is not cancelled.
            if not context.is_shutdown:
                await work(context)

    return OpaqueCoroutine(coroutine=run)


async def first_answer(client_node: rclpy.node.Node, service_type: Any, service: str) -> None:
    """Wait until a service answers an empty request; repeat the request until then.

    Args:
        client_node: The node that sends the request.
        service_type: Type of the service.
        service: Name of the service.
    """
    client = client_node.create_client(service_type, service)
    try:
        while True:
            answer = client.call_async(service_type.Request())
            for _ in range(POLLS):
                if answer.done():
                    return
                await asyncio.sleep(POLL_SECONDS)
            client.remove_pending_request(answer)
    finally:
        client_node.destroy_client(client)


def when_all_active(managed: list[LifecycleNode], images: Action) -> Action:
    """Return a handler that starts `images` once, when all `managed` nodes are active."""
    waiting = {id(node) for node in managed}

    def activated(context: LaunchContext) -> list[Action]:
        node = id(context.locals.event.action)
        if node not in waiting:
            return []
        waiting.remove(node)
        return [] if waiting else [images]

    return RegisterEventHandler(
        OnStateTransition(
            start_state="activating",
            goal_state="active",
            entities=[OpaqueFunction(function=activated)],
        )
    )
