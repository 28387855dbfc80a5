import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

EXTRAS = {
    "defusedxml",
    "imagehash",
    "jinja2",
    "matplotlib",
    "onnx",
    "onnxscript",
    "safetensors",
    "scipy",
    "sklearn",
    "torch",
    "transformers",
}


def test_rooms_import_only_what_they_may() -> None:
    program = Path(sys.executable).parent / "lint-imports"
    result = subprocess.run(
        [program, "--no-cache", "--no-logo"], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    "module",
    [
        "shelfwise",
        "shelfwise.bundle",
        "shelfwise.cli.app",
        "shelfwise.cli.classify",
        "shelfwise.config",
        "shelfwise.datasets",
        "shelfwise.images.cache",
        "shelfwise.inference.classifier",
        "shelfwise.settings",
        "shelfwise.training.config",
        "shelfwise.workflows.classify",
    ],
)
def test_module_of_the_core_loads_without_any_extra(module: str) -> None:
    program = (
        f"import json, sys, {module}; print(json.dumps([name.partition('.')[0] for name in sys.modules]))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    assert EXTRAS & set(json.loads(result.stdout)) == set()
