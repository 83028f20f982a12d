"""What a browser shows: one module for each view."""

from bharnet_ros.nodes.page.views.page import build_page

__all__ = ["build_page"]
