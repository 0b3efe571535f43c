from pathlib import Path
from zipfile import ZipFile

import pytest

from infra.constructs.layers import HOST_WHEELS, LAMBDA_WHEELS, ROOT, PipInstall, zip_folder


@pytest.fixture
def requirements(tmp_path: Path) -> Path:
    path = tmp_path / "requirements.txt"
    path.write_text("onlineticket-no-such-package==1.0 --hash=sha256:00\n")
    return path


def test_a_second_synth_installs_nothing(requirements: Path, tmp_path: Path) -> None:
    install = PipInstall(requirements, HOST_WHEELS, cache=tmp_path)
    (tmp_path / f"{install.hash}.zip").write_bytes(b"made by the first")
    output = tmp_path / "output"
    output.mkdir()
    assert install.try_bundle(str(output))  # pip could not have: there is no such package
    assert (output / "layer.zip").read_bytes() == b"made by the first"


def test_a_layer_is_made_anew_for_other_pins_and_for_another_platform(requirements: Path) -> None:
    host = PipInstall(requirements, HOST_WHEELS).hash
    assert PipInstall(requirements, HOST_WHEELS).hash == host
    assert PipInstall(requirements, LAMBDA_WHEELS).hash != host
    requirements.write_text("onlineticket-no-such-package==1.1 --hash=sha256:00\n")
    assert PipInstall(requirements, HOST_WHEELS).hash != host


def test_equal_files_make_equal_archives(tmp_path: Path) -> None:
    archives = []
    for name, order in (("one", "ab"), ("two", "ba")):
        base = tmp_path / name
        (base / "python").mkdir(parents=True)
        for letter in order:
            (base / "python" / letter).write_text(letter)
        archives.append(base / "layer.zip")
        zip_folder(base, "python", archives[-1])
    assert archives[0].read_bytes() == archives[1].read_bytes()
    with ZipFile(archives[0]) as zipped:
        assert zipped.namelist() == ["python/a", "python/b"]


@pytest.mark.parametrize("layer", ["deps", "chain"])
def test_every_package_of_a_layer_is_pinned_with_its_hashes(layer: str) -> None:
    text = (ROOT / "layers" / layer / "requirements.txt").read_text()
    packages = [
        entry for entry in text.replace("\\\n", " ").splitlines() if not entry.startswith("#")
    ]
    assert packages
    assert all("==" in package and "--hash=sha256:" in package for package in packages)
