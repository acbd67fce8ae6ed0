"""The house plan, read from the source: imports point one way, engine and theory are twins, Streamlit stays upstairs, files stay short."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "propagation"
SOURCES = sorted([*PACKAGE.rglob("*.py"), ROOT / "app.py"])
TESTS = sorted((ROOT / "tests").rglob("*.py"))

#: floors of the house: a module may import from its own floor or below
FLOORS = {
    "formatting": 0,
    "notation": 0,
    "qr": 0,
    "assets": 0,
    "signals": 0,
    "trials": 0,
    "erf": 0,
    "formats": 0,
    "smooth": 0,
    "probe": 0,
    "activations": 0,
    "expressions": 1,
    "initializers": 1,
    "fields": 1,
    "scales": 0,
    "choices": 0,
    "widths": 1,
    "branches": 0,
    "ops": 0,
    "plain_fields": 1,
    "block_fields": 1,
    "contradictions": 1,
    "config": 1,
    "rules": 3,
    "locks": 3,
    "rooms": 3,
    "questions": 3,
    "slider_steps": 3,
    "architecture": 2,
    "streams": 2,
    "inputs": 2,
    "runtime": 2,
    "engine": 3,
    "theory": 3,
    "budget": 4,
    "labs": 4,
    "precision": 4,
    "rounding": 4,
    "drift": 4,
    "advice": 4,
    "headlines": 4,
    "reach": 4,
    "verdict": 4,
    "block_diagnosis": 5,
    "diagnosis": 5,
    "presets": 5,
    "lessons": 5,
    "myths": 5,
    "charts": 6,
    "export": 6,
    "papers": 7,
    "ui": 8,
    "app": 9,
    "reports": 6,
    "__main__": 9,
    "static": 9,
}
#: what stands at the top of the repository
TOP_LEVEL = {
    "app.py",
    "requirements.txt",
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "pyproject.toml",
    ".streamlit",
    ".ci",
    ".hosting",
    ".dockerignore",
    "assets",
    "propagation",
    "tests",
    ".gitignore",
    ".git",
    "LICENSE",
}
MOST_LINES = 320
#: one file that is copied out and works alone, with the frameworks whose networks it measures: it has sections in place of modules
ALONE = PACKAGE / "probe.py"
FRAMEWORKS = {"torch", "keras", "jax", "flax"}

sources = pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))


def part_of(path: Path) -> str:
    """The part of the house a file belongs to: `engine` for engine/maps.py, `app` for app.py, `propagation` for the public API."""
    if path == ROOT / "app.py":
        return "app"
    first = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return "propagation" if first == "__init__" else first


def imports_of(tree: ast.AST) -> set[str]:
    """Full names of everything imported, wherever in the file: `a.b` for `import a.b`, `a.b.c` for `from a.b import c`."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def parts_imported(tree: ast.AST) -> set[str]:
    """Parts of the house that a file imports; the public API counts as what it is, the whole package."""
    parts = set()
    for name in imports_of(tree):
        package, _, rest = name.partition(".")
        if package == "propagation":
            part = rest.split(".")[0]
            parts.add(part if part in FLOORS else "propagation")
    return parts


def wrong_arrows(part: str, tree: ast.AST) -> set[str]:
    """Imports of a file that point up, or across between the twins."""
    twins = {"engine": "theory", "theory": "engine"}
    seen = parts_imported(tree)
    wrong = {other for other in seen if other in FLOORS and FLOORS[other] > FLOORS[part]}
    if FLOORS[part] < FLOORS["ui"]:
        wrong |= seen & {"propagation"}  # the public API is made of these modules: inside it would be a circle
    return wrong | (seen & {twins.get(part)})


@sources
def test_imports_point_one_way(path):
    part = part_of(path)
    if part == "propagation":
        return  # the public API may name everything below the interface
    assert part in FLOORS, f"{part} has no place in the house: give it a floor"
    assert wrong_arrows(part, ast.parse(path.read_text())) == set()


#: floors inside the interface
UI_FLOORS = {"components": 0, "session": 0, "longwork": 1, "results": 1, "widgets": 2, "pages": 3}


def wrong_arrows_in_ui(part: str, tree: ast.AST) -> set[str]:
    """Imports of a file of the interface that point up; the registry of pages, which knows none of them, is for everybody."""
    seen = set()
    for name in imports_of(tree):
        _, _, rest = name.partition("propagation.ui.")
        first, *others = rest.split(".")
        if first in UI_FLOORS and (first != "pages" or (others and (PACKAGE / "ui" / "pages" / f"{others[0]}.py").exists())):
            seen.add(first)
    return {other for other in seen if UI_FLOORS[other] > UI_FLOORS[part]}


@pytest.mark.parametrize("path", [path for path in SOURCES if PACKAGE / "ui" in path.parents], ids=lambda path: path.stem)
def test_imports_point_one_way_in_the_interface(path):
    part = path.relative_to(PACKAGE / "ui").parts[0].removesuffix(".py")
    assert part not in UI_FLOORS or wrong_arrows_in_ui(part, ast.parse(path.read_text())) == set()


@pytest.mark.parametrize(
    ("part", "source"),
    [
        ("components", "from propagation.ui.widgets import share"),
        ("session", "from propagation.ui.results import trace_of"),
        ("widgets", "from propagation.ui.pages import explore"),
    ],
)
def test_a_wrong_arrow_in_the_interface_is_seen(part, source):
    """Negative control."""
    assert wrong_arrows_in_ui(part, ast.parse(source))


def test_the_public_api_does_not_reach_into_the_interface():
    assert not parts_imported(ast.parse((PACKAGE / "__init__.py").read_text())) & {"ui", "charts", "app"}


@pytest.mark.parametrize(
    ("part", "source"),
    [
        ("engine", "from propagation.theory.maps import chi_1"),
        ("theory", "import propagation.engine.trace"),
        ("engine", "from propagation.charts import theme"),
        ("config", "def f():\n    from propagation.engine.network import simulate"),
        ("charts", "from propagation import ui"),
        ("activations", "from propagation.config import Config"),
        ("engine", "from propagation import simulate"),
    ],
)
def test_a_wrong_arrow_is_seen(part, source):
    """Negative control."""
    assert wrong_arrows(part, ast.parse(source))


@sources
def test_streamlit_stays_in_the_interface(path):
    modules = {name.split(".")[0] for name in imports_of(ast.parse(path.read_text()))}
    if part_of(path) not in ("ui", "app"):
        assert "streamlit" not in modules
    if part_of(path) not in ("charts", "papers", "ui", "app", "probe"):
        assert "plotly" not in modules


@sources
def test_only_the_announced_packages_are_used(path):
    modules = {name.split(".")[0] for name in imports_of(ast.parse(path.read_text()))}
    own = FRAMEWORKS if path == ALONE else {"streamlit", "propagation"}
    assert modules <= set(sys.stdlib_module_names) | {"numpy", "plotly"} | own


@pytest.mark.parametrize("path", SOURCES + TESTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_stay_short(path):
    if path == ALONE:
        return
    assert len(path.read_text().splitlines()) <= MOST_LINES


@sources
def test_nothing_is_evaluated_or_unpickled(path):
    tree = ast.parse(path.read_text())
    calls = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert not calls & {"eval", "exec", "compile", "__import__"}
    assert not {name.split(".")[0] for name in imports_of(tree)} & {"pickle", "marshal", "shelve", "dill", "joblib"}
    keywords = {keyword.arg for node in ast.walk(tree) if isinstance(node, ast.Call) for keyword in node.keywords}
    assert "allow_pickle" not in keywords and "unsafe_allow_html" not in keywords


@sources
def test_randomness_is_an_argument(path):
    """No global seeds: `np.random` is used for generators only."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute) and node.value.attr == "random":
            assert node.attr in {"Generator", "SeedSequence", "SFC64", "default_rng"}


@sources
def test_every_module_says_what_it_is(path):
    assert ast.get_docstring(ast.parse(path.read_text())), "a module opens by saying what it is"


def test_there_is_no_drawer_for_everything():
    assert not {path.stem for path in SOURCES + TESTS} & {"utils", "util", "misc", "common"}


def test_nothing_else_stands_at_the_top():
    """Tracked and untracked files alike, except caches and the virtual environment."""
    caches = {"__pycache__", ".venv", ".pytest_cache", ".ruff_cache", ".mypy_cache", ".hypothesis"}
    assert {path.name for path in ROOT.iterdir()} - caches <= TOP_LEVEL


@pytest.mark.parametrize("path", [path for path in TESTS if "benchmarks" not in path.parts], ids=lambda path: path.stem)
def test_tests_wait_for_states_and_have_one_limit(path):
    """`PATIENCE` of tests/patience.py: a limit of one's own is what a busy machine breaks."""
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    given = [one for call in calls for one in call.keywords if one.arg in ("timeout", "default_timeout")]
    assert not [one.value.lineno for one in given if isinstance(one.value, ast.Constant)]
    if path.name.startswith("test_"):
        assert not [call.lineno for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "wait_for_timeout"]
