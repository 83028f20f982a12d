"""Messages of real types filled with values from a file."""

from __future__ import annotations

import math

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import PoseWithCovarianceStamped, Twist, TwistStamped
from lifecycle_msgs.msg import Transition
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import Image, Joy
from std_msgs.msg import Bool, Byte, Char, Header, Int8, MultiArrayLayout, String, UInt64
from std_srvs.srv import Empty, SetBool

from bharnet_ros.nodes.reactions import find_interface
from bharnet_ros.reactions.filling import fill_message
from bharnet_ros.types.errors import InputError

pytestmark = pytest.mark.ros


def find_type(name: str):
    return find_interface(name.replace("/", "/msg/"))


def filled(kind, values):
    """Return a filled message that has been on the wire."""
    message = kind()
    fill_message(message, values, "message", find_type)
    assert deserialize_message(serialize_message(message), kind) == message
    return message


def test_fields_of_every_kind_are_set():
    twist = filled(Twist, {"linear": {"x": 2, "z": -0.5}})
    assert (twist.linear.x, twist.linear.y, twist.linear.z) == (2.0, 0.0, -0.5)
    joy = filled(Joy, {"header": {"frame_id": "pad"}, "axes": [1, 0.5], "buttons": [0, -1]})
    assert (joy.header.frame_id, list(joy.axes), list(joy.buttons)) == ("pad", [1, 0.5], [0, -1])
    pose = filled(PoseWithCovarianceStamped, {"pose": {"covariance": [0.5] * 36}})
    assert pose.pose.covariance.tolist() == [0.5] * 36
    assert bytes(filled(Image, {"data": [0, 255]}).data) == b"\x00\xff"
    assert filled(Bool, {"data": True}).data is True
    assert filled(Byte, {"data": 7}).data == b"\x07"
    assert filled(Char, {"data": 7}).data == 7
    assert filled(UInt64, {"data": 2**64 - 1}).data == 2**64 - 1
    assert math.isnan(filled_nan())
    assert filled(SetBool.Request, {"data": True}).data is True
    assert filled(String, {"data": "zwei — 二"}).data == "zwei — 二"


def filled_nan() -> float:
    message = Twist()
    fill_message(message, {"linear": {"x": math.nan}}, "message", find_type)
    return message.linear.x


def test_messages_in_sequences_are_made():
    array = filled(
        DiagnosticArray,
        {"status": [{"name": "a", "values": [{"key": "k", "value": "v"}]}, {"level": 2}]},
    )
    assert [one.name for one in array.status] == ["a", ""]
    assert array.status[0].values[0].value == "v"
    assert array.status[1].level == DiagnosticStatus.ERROR


def test_times_that_are_now_are_returned():
    message = TwistStamped()
    times = fill_message(
        message, {"header": {"stamp": "now", "frame_id": "base"}}, "message", find_type
    )
    assert len(times) == 1 and times[0] is message.header.stamp
    assert fill_message(Header(), {"stamp": {"sec": 3}}, "message", find_type) == []


@pytest.mark.parametrize(
    ("kind", "values", "problem"),
    [
        (Twist, [1], r"message: must be fields by name \(linear, angular\), got \[1\]"),
        (Twist, {"liner": {}}, r"message.liner: is not one of the fields \(linear, angular\)"),
        (Twist, {"linear": {"q": 1}}, r"message.linear.q: is not one of the fields \(x, y, z\)"),
        (Twist, {"linear": 1}, r"message.linear: must be fields by name \(geometry_msgs/Vector3\)"),
        (Twist, {"linear": "now"}, "message.linear: must be fields by name"),
        (Twist, {"linear": {"x": "1"}}, "message.linear.x: must be a number, got '1'"),
        (Twist, {"linear": {"x": True}}, "message.linear.x: must be a number, got True"),
        (Twist, {"linear": {"x": None}}, "message.linear.x: must be a number, got None"),
        (Empty.Request, {"data": 1}, r"message.data: is not one of the fields \(none\)"),
        (Int8, {"data": 128}, r"message.data: must be a whole number from -128 to 127 \(int8\)"),
        (Int8, {"data": 1.0}, "message.data: must be a whole number"),
        (Int8, {"data": True}, "message.data: must be a whole number"),
        (UInt64, {"data": -1}, "message.data: must be a whole number from 0 to 1844674407370955"),
        (Byte, {"data": 256}, r"message.data: must be a whole number from 0 to 255 \(octet\)"),
        (Bool, {"data": 1}, "message.data: must be true or false, got 1"),
        (String, {"data": 5}, "message.data: must be a text .string; write numbers in quotes."),
        (String, {"data": "a\0"}, "message.data: must be a text"),
        (String, {"data": "\ud800"}, "message.data: must be a text"),
        (Joy, {"axes": 1.0}, r"message.axes: must be a list \(sequence<float>\), got 1.0"),
        (Joy, {"axes": [1.0, "a"]}, r"message.axes\[1\]: must be a number, got 'a'"),
        (
            PoseWithCovarianceStamped,
            {"pose": {"covariance": [1.0]}},
            r"message.pose.covariance: has 1 items, which is not double\[36\]",
        ),
        (MultiArrayLayout, {"dim": [{"size": -1}]}, r"message.dim\[0\].size: must be a whole"),
        (Transition, {"id": "x"}, "message.id: must be a whole number from 0 to 255"),
    ],
)
def test_a_value_that_does_not_fit_is_named(kind, values, problem):
    with pytest.raises(InputError, match=problem):
        fill_message(kind(), values, "message", find_type)


def test_a_type_that_is_not_installed_is_named():
    with pytest.raises(InputError, match="turtle_msgs/msg/Pose is not installed"):
        find_interface("turtle_msgs/msg/Pose")
    with pytest.raises(InputError, match="geometry_msgs/msg/Twost is not installed"):
        find_interface("geometry_msgs/msg/Twost")
