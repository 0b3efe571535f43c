"""A snapshot of a started function (SnapStart) holds no secret, and forgets what it had."""

import subprocess
import sys
from pathlib import Path

FUNCTIONS = sorted(path.parent.name for path in Path("functions").glob("*/handler.py"))

_OFFLINE = """
import importlib, socket

def no_network(*_, **__):
    raise AssertionError("the import asked the network")

socket.socket.connect = no_network
for name in {names}:
    importlib.import_module(f"functions.{{name}}.handler")
from onlineticket import resources
assert not resources._key_rings, "a key ring was opened"
"""

_RESTORED = """
import sys, types

hooks = []
lambdas_own = types.ModuleType("snapshot_restore_py")
lambdas_own.register_after_restore = lambda hook, *args, **kwargs: hooks.append(hook)
sys.modules["snapshot_restore_py"] = lambdas_own
import functions.tickets.handler
from onlineticket import resources
from onlineticket.rereading import Rereading

[hook] = hooks
resources._key_rings["JWT_SECRET_ARN"] = Rereading(lambda now: None)
hook()
assert not resources._key_rings
"""


def _run(code: str) -> None:
    # Nothing of an environment: an import that needs a variable of it fails.
    bare = {"PATH": "/usr/bin:/bin", "PYTHONPATH": "."}
    done = subprocess.run([sys.executable, "-c", code], env=bare, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_to_import_a_function_reads_no_secret_and_no_variable() -> None:
    assert "auth" in FUNCTIONS
    _run(_OFFLINE.format(names=FUNCTIONS))  # in one process: most of it is the same libraries


def test_a_restored_function_reads_its_keys_again() -> None:
    _run(_RESTORED)
