"""A stored file is read as exactly the bytes that were written, or not at all."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from driftloop.monitoring.errors import FileMissing, Tampered
from driftloop.pipelines.training.stored_files import read_checked, write_all

FILES = {"head.json": b"{}", "model/weights.bin": bytes(range(256))}


def test_what_was_written_is_read(tmp_path: Path) -> None:
    """The manifest has the sha256 of each file, those in subfolders included."""
    manifest = write_all(tmp_path, FILES)
    assert manifest == {name: sha256(content).hexdigest() for name, content in FILES.items()}
    assert {name: read_checked(tmp_path, name, manifest) for name in FILES} == FILES


@pytest.mark.parametrize("content", [b"", b"{ }", b"{}\n"])
def test_a_changed_file_is_refused(tmp_path: Path, content: bytes) -> None:
    """One byte more or less is enough; without a manifest nothing is compared."""
    manifest = write_all(tmp_path, FILES)
    (tmp_path / "head.json").write_bytes(content)
    with pytest.raises(Tampered, match=r"head\.json"):
        read_checked(tmp_path, "head.json", manifest)
    assert read_checked(tmp_path, "head.json", None) == content


def test_a_file_outside_the_manifest_is_refused(tmp_path: Path) -> None:
    """What was added next to the model later is not part of it."""
    manifest = write_all(tmp_path, FILES)
    (tmp_path / "extra.pkl").write_bytes(b"x")
    with pytest.raises(Tampered, match=r"extra\.pkl"):
        read_checked(tmp_path, "extra.pkl", manifest)


def test_a_missing_file_is_not_called_tampered(tmp_path: Path) -> None:
    """The error names the folder in which it was; a folder in its place is refused."""
    manifest = write_all(tmp_path, FILES)
    (tmp_path / "head.json").unlink()
    with pytest.raises(FileMissing, match=r"head\.json"):
        read_checked(tmp_path, "head.json", manifest)
    (tmp_path / "head.json").mkdir()
    with pytest.raises(Tampered):
        read_checked(tmp_path, "head.json", manifest)
