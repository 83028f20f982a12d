"""Where frames come from: webcams, videos, folders of images and the puppet."""
