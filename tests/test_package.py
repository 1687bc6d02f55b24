"""What the package promises about itself: names, docstrings, sizes of files."""

import ast
import importlib
import inspect
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import neuroloom

SOURCE = Path(neuroloom.__file__).parent
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages([str(SOURCE)], "neuroloom.")
    if not module.name.endswith("__main__")  # it runs the command line
)


def exported(name):
    module = importlib.import_module(name)
    return {word: getattr(module, word, None) for word in getattr(module, "__all__", ())}


@pytest.mark.parametrize("name", MODULES)
def test_every_exported_name_is_there_once_and_documented(name):
    module = importlib.import_module(name)
    words = list(getattr(module, "__all__", ()))
    assert len(set(words)) == len(words)
    assert [word for word in words if not hasattr(module, word)] == []
    assert (module.__doc__ or "").strip(), f"{name} does not say what it is for"
    bare = [
        word
        for word, value in exported(name).items()
        if (inspect.isclass(value) or inspect.isfunction(value)) and not own_docstring(value)
    ]
    assert bare == []


def own_docstring(value):
    """Not the one that a dataclass writes, nor an inherited one."""
    text = (value.__doc__ or "").strip()
    return text and not text.startswith(f"{value.__name__}(")


def test_every_module_that_defines_something_public_says_what():
    silent = [
        path.relative_to(SOURCE).as_posix()
        for path in sorted(SOURCE.rglob("*.py"))
        if path.name != "__main__.py"
        and "__all__" not in path.read_text(encoding="utf-8")
        and any(
            isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
            for node in ast.parse(path.read_text(encoding="utf-8")).body
        )
    ]
    assert silent == []


def test_every_module_stays_below_600_lines():
    lines = {
        path.relative_to(SOURCE).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in SOURCE.rglob("*.py")
    }
    assert len(lines) > 50
    assert {name: n for name, n in lines.items() if n >= 600} == {}


def test_the_top_level_has_at_most_twenty_names_and_each_is_there():
    names = neuroloom.__all__
    assert len(names) <= 20
    assert len(set(names)) == len(names)
    assert {name for name in names if getattr(neuroloom, name) is None} == set()
    assert dir(neuroloom) == sorted(names)


def test_a_type_checker_sees_the_names_that_load_lazily():
    tree = ast.parse((SOURCE / "__init__.py").read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {alias.name: node.module for node in block.body for alias in node.names}
    assert set(seen) | {"__version__"} == set(neuroloom.__all__)
    for name, home in seen.items():
        assert getattr(neuroloom, name) is getattr(importlib.import_module(home), name)


def test_names_load_when_they_are_used_and_not_before():
    script = (
        "import sys, neuroloom\n"
        "loaded = lambda: {m for m in sys.modules if m.startswith('neuroloom.')}\n"
        "assert loaded() == set(), loaded()\n"
        "neuroloom.InputError\n"
        "assert loaded() == {'neuroloom.errors'}, loaded()\n"
        "neuroloom.Connectome\n"
        "assert 'neuroloom.connectome' in loaded() and 'jax' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_misspelt_name_is_answered_with_the_nearest():
    with pytest.raises(AttributeError, match="Did you mean `Connectome`"):
        neuroloom.Conectome  # noqa: B018
