"""A drawn, articulated person with known ground truth, for testing real image processing."""

from bharnet_ros.sources.puppet.painting.backdrop import Box
from bharnet_ros.sources.puppet.painting.body import APPEARANCES, Appearance
from bharnet_ros.sources.puppet.painting.renderer import Renderer
from bharnet_ros.sources.puppet.scripts import script_names
from bharnet_ros.sources.puppet.source import PuppetFrame, PuppetSource, draw_sequence, open_puppet

__all__ = [
    "APPEARANCES",
    "Appearance",
    "Box",
    "PuppetFrame",
    "PuppetSource",
    "Renderer",
    "draw_sequence",
    "open_puppet",
    "script_names",
]
