"""Body and hand action recognition for robots (BHaRNet on ROS 2)."""

from pkgutil import extend_path

# The generated bharnet_ros.msg lives in the installed package; extending the path keeps it
# importable when a checkout of this repository stands first on sys.path.
__path__ = extend_path(__path__, __name__)

__version__ = "0.1.0"
