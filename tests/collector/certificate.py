"""A certificate for 127.0.0.1, made on the spot."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from collector import Tls


def self_signed(folder: Path) -> Tls:
    """A self-signed certificate with its key; skips where openssl is missing."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make a certificate")
    tls = (folder / "certificate.pem", folder / "key.pem")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-days", "2"]
    subprocess.run([*command, *names, "-out", tls[0], "-keyout", tls[1]], check=True, capture_output=True)
    return Tls(*tls)
