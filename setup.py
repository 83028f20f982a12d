"""Build the wheel: CMake generates the messages and installs, this packs what it installed.

CMakeLists.txt alone decides what belongs to the package, so that `pip install .` and
`colcon build` install the same. docs/build.md explains both.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.sdist import sdist
from setuptools.errors import SetupError

ROOT = Path(__file__).resolve().parent
TORCH = ("torch>=2.4,<3", "torchvision>=0.19,<1")
SOURCES = ("action", "bharnet_ros", "config", "launch", "models", "msg", "srv")
SOURCE_FILES = ("CMakeLists.txt", "LICENSE", "README.md", "package.xml", "pyproject.toml")
# The C headers, the CMake package and the shell hooks stay out: they name folders of the build
# environment, and serve C++ and workspaces, which build with colcon.
PREFIX_FILES = (
    "lib/**/*",
    "share/ament_index/resource_index/packages/*",
    "share/ament_index/resource_index/package_run_dependencies/*",
    "share/ament_index/resource_index/rosidl_interfaces/*",
    "share/bharnet_ros/package.xml",
    "share/bharnet_ros/action/**/*",
    "share/bharnet_ros/config/**/*",
    "share/bharnet_ros/launch/**/*",
    "share/bharnet_ros/models/**/*",
    "share/bharnet_ros/msg/**/*",
    "share/bharnet_ros/srv/**/*",
)


def find_ros_prefix() -> Path:
    """Return the installation prefix of the ROS message generators that Python imports.

    The wheels lie in the prefix of the (often isolated and temporary) build environment, a
    distribution in /opt/ros.

    Raises:
        SetupError: The generators are not importable, or no ament index is beside them.
    """
    spec = importlib.util.find_spec("rosidl_cmake")
    if spec is None or spec.origin is None:
        raise SetupError(
            "rosidl_cmake cannot be imported. Install with pip's build isolation, or source a ROS "
            "distribution, or install the build requirements named in pyproject.toml."
        )
    for folder in Path(spec.origin).parents:
        if (folder / "share" / "ament_index").is_dir():
            return folder
    raise SetupError(f"no share/ament_index in any folder above {spec.origin}")


class CMakeBuild(build_ext):
    """Runs CMake and hands its installation to setuptools, split by the place in the wheel."""

    def run(self) -> None:
        if self.inplace or self.editable_mode:
            raise SetupError(
                "an editable installation has no place for the generated libraries: "
                "install without -e, and again after a change"
            )
        # A build folder that is kept would hold paths into the build environment of the last run,
        # which pip has deleted.
        with tempfile.TemporaryDirectory(prefix="bharnet_ros-") as build:
            installed = Path(self.build_temp).resolve() / "installed"
            shutil.rmtree(installed, ignore_errors=True)
            self._run_cmake(Path(build), installed)

        package = Path(self.build_lib).resolve() / "bharnet_ros"
        shutil.rmtree(package, ignore_errors=True)
        shutil.copytree(
            installed / "python" / "bharnet_ros",
            package,
            ignore=shutil.ignore_patterns("__pycache__", "*.c"),
        )
        self.distribution.data_files = list(self._data_files(installed))

    def _run_cmake(self, build: Path, installed: Path) -> None:
        prefix = str(find_ros_prefix())
        environment = {**os.environ, "AMENT_PREFIX_PATH": prefix, "CMAKE_PREFIX_PATH": prefix}
        configure = [
            "cmake",
            f"-S{ROOT}",
            f"-B{build}",
            "-GNinja",
            "-DCMAKE_BUILD_TYPE=Release",
            f"-DCMAKE_INSTALL_PREFIX={installed}",
            "-DPYTHON_INSTALL_DIR=python",
            f"-DPython3_EXECUTABLE={sys.executable}",
            "-DBUILD_TESTING=OFF",
        ]
        for command in (configure, ["cmake", "--build", build], ["cmake", "--install", build]):
            subprocess.run(command, env=environment, check=True)

    def _data_files(self, installed: Path) -> list[tuple[str, list[str]]]:
        """Return what goes to the prefix: (folder in the prefix, files) each."""
        files: dict[str, list[str]] = {}
        for pattern in PREFIX_FILES:
            for file in sorted(installed.glob(pattern)):
                if file.is_file():
                    folder = str(file.parent.relative_to(installed))
                    files.setdefault(folder, []).append(os.path.relpath(file, ROOT))
        return list(files.items())


class SourceDistribution(sdist):
    """Adds the files that CMake installs, which setuptools does not know of."""

    def make_distribution(self) -> None:
        for folder in SOURCES:
            self.filelist.graft(folder)
        for file in SOURCE_FILES:
            self.filelist.include(file)
        self.filelist.global_exclude("*.pyc")
        super().make_distribution()


setup(
    name="bharnet_ros",
    version=ElementTree.parse(ROOT / "package.xml").findtext("version"),
    description="Body and hand action recognition for robots: camera frames in, action events out",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    python_requires=">=3.10,<3.13",
    packages=[],
    ext_modules=[Extension("bharnet_ros.msg", sources=[])],
    cmdclass={"build_ext": CMakeBuild, "sdist": SourceDistribution},
    install_requires=[
        "jinja2>=3.0",
        "matplotlib>=3.6",
        "nicegui>=3.18,<4",
        # The newest that the messages and mediapipe are built for.
        "numpy>=1.23,<2",
        "onnxruntime>=1.18,<2",
        # Without a window system: a robot has no screen. From 4.12 on it needs numpy 2.
        "opencv-python-headless>=4.8,<4.12",
        "openvino>=2025.2,<2027",
        "pyyaml>=6",
        "rosbags>=0.10,<0.12",
        "safetensors>=0.4",
        "scipy>=1.9",
        "threadpoolctl>=3",
        "tqdm>=4.60",
    ],
    extras_require={
        # For machines without a ROS distribution only: these would shadow a sourced one.
        "ros": [
            "ros-jazzy-action-msgs",
            "ros-jazzy-builtin-interfaces",
            "ros-jazzy-diagnostic-msgs",
            "ros-jazzy-geometry-msgs",
            "ros-jazzy-lifecycle-msgs",
            "ros-jazzy-rcl-interfaces",
            "ros-jazzy-rclpy[fastrtps]",
            "ros-jazzy-rosgraph-msgs",
            "ros-jazzy-rosidl-default-runtime",
            "ros-jazzy-sensor-msgs",
            "ros-jazzy-service-msgs",
            "ros-jazzy-std-msgs",
            "ros-jazzy-std-srvs",
            "ros-jazzy-visualization-msgs",
        ],
        "bench": ["psutil>=5.9,<8"],
        # Brings the dask of its own version. Before 2026.7, a worker that dies soon after its start
        # is not started again.
        "cluster": ["distributed>=2026.7,<2027"],
        # For `device: cuda`, and for models without an exported network.
        "gpu": [*TORCH],
        # What the pose engine `mediapipe` imports. The wheel of mediapipe itself is installed
        # without its requirements: it names twenty times as much, and an OpenCV with windows.
        "mediapipe": ["absl-py", "attrs>=19.1", "flatbuffers>=2", "protobuf>=4.25.3,<5"],
        # What exports the network must get along with the protobuf of mediapipe.
        "train": [
            *TORCH,
            "onnx>=1.18,<2",
            "onnxscript>=0.3,<1",
            "pytorch-lightning>=2.6",
            "torchmetrics>=1.0",
        ],
        "test": [
            "hypothesis>=6",
            "import-linter>=2,<3",
            "mypy>=1.11",
            "pytest>=8",
            "pytest-xdist>=3.5,<4",
            "ruff>=0.6",
            "selenium>=4.10",
        ],
    },
    entry_points={"console_scripts": ["bharnet = bharnet_ros.cli:main"]},
)
