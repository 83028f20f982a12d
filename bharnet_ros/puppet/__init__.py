"""A drawn, articulated person with known ground truth: the test bed for real image processing."""

from bharnet_ros.puppet.backdrop import Box
from bharnet_ros.puppet.body_drawing import APPEARANCES, Appearance
from bharnet_ros.puppet.performer import Segment
from bharnet_ros.puppet.renderer import Renderer
from bharnet_ros.puppet.scripts import script_names
from bharnet_ros.puppet.source import PuppetFrame, PuppetSource, draw_sequence, open_puppet

__all__ = [
    "APPEARANCES",
    "Appearance",
    "Box",
    "PuppetFrame",
    "PuppetSource",
    "Renderer",
    "Segment",
    "draw_sequence",
    "open_puppet",
    "script_names",
]
