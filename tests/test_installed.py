"""What `pip install .` makes: a package that has all it needs, in an environment of its own and outside the repository."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest

from propagation.inputs import standardized_digits
from tests.patience import PATIENCE

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
#: reads every kind of asset, and says where the package was found
READ = """
import json
import propagation
from propagation import inputs, lessons
from propagation.assets import asset
from propagation.papers import PAPERS
digits = inputs.standardized_digits()
found = {
    "package": propagation.__file__,
    "digits": [digits.shape, float(digits[100] @ digits[200])],
    "screens": len(lessons.load().screens),
    "papers": len(PAPERS),
    "map": asset("trainability.json").is_file(),
    "delta": propagation.simulate(propagation.Config(input_law="digits", depth=3, trials=2)).delta.log10_second_moment.shape,
}
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> Path:
    """A new virtual environment with this repository installed; the packages that it needs are lent by the one that runs the tests."""
    folder = tmp_path_factory.mktemp("installed") / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    packages(folder).joinpath("lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip = [sys.executable, "-m", "pip", "--python", folder / "bin" / "python", "install", "--quiet", "--no-compile"]
    subprocess.run([*pip, "--no-deps", "--no-index", "--no-build-isolation", ROOT], check=True)
    return folder


def packages(environment: Path) -> Path:
    return next(environment.glob("lib/python*/site-packages"))


def run(environment: Path, *arguments: str) -> str:
    """What a command prints that is run there, away from the repository."""
    command = [environment / "bin" / "python", "-W", "error", *arguments]
    return subprocess.run(
        command, cwd=environment, stdout=subprocess.PIPE, text=True, encoding="utf-8", check=True, timeout=PATIENCE
    ).stdout


def files(folder: Path, without: str = "") -> set[str]:
    """Names of the files in a folder, except caches and the subfolder `without`."""
    names = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    return {name.as_posix() for name in names if "__pycache__" not in name.parts and name.parts[0] != without}


def test_the_package_reads_its_files_from_any_folder(environment):
    found = json.loads(run(environment, "-c", READ))
    assert Path(found["package"]).is_relative_to(environment)
    digits = standardized_digits()
    assert found["digits"] == [list(digits.shape), float(digits[100] @ digits[200])]
    assert found["screens"] == len(list(ROOT.glob("assets/lessons/en/?.?.md")))
    assert found["papers"] > 5 and found["map"] and found["delta"] == [2, 3]


def test_the_command_line_says_there_what_it_says_here(environment):
    arguments = ["-m", "propagation", "--input-law", "digits", "--depth", "6", "--width", "64", "--csv"]
    here = subprocess.run([sys.executable, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True, encoding="utf-8", check=True)
    assert run(environment, *arguments) == here.stdout


def test_every_file_of_the_package_and_its_assets_is_installed(environment):
    assert files(packages(environment) / "propagation", without="_assets") == files(ROOT / "propagation")
    assert files(packages(environment) / "propagation" / "_assets") == files(ROOT / "assets", without="screenshots")


def test_nothing_is_left_in_the_repository(environment):
    assert not [path for pattern in ("build", "dist", "*.egg-info") for path in ROOT.glob(pattern)]


def test_both_lists_of_requirements_agree():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["dependencies"] == (ROOT / "requirements.txt").read_text().split()
    assert project["license"] == "MIT" and (ROOT / "LICENSE").read_text().startswith("MIT License")
