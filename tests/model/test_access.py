"""Who may come in, by the tokens file."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import pytest

from model import ROLES, Access, CatalogError, Principal, load_access

ANN = hashlib.sha256(b"ann-secret").hexdigest()
BEN = hashlib.sha256(b"ben-secret").hexdigest()
FILE = f"""
- {{name: ann, tenant: prod, roles: [read, operate], sha256: {ANN}}}
- {{name: ben, roles: [admin], sha256: {BEN.upper()}}}
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "tokens.yaml"
    path.write_text(text)
    return path


def test_without_a_file_everybody_may_do_everything_in_the_default_tenant() -> None:
    access = load_access(None)
    assert access.is_open
    for token in (None, "", "anything"):
        assert access.principal(token) == Principal("anonymous", "default", ROLES)
    assert access.tenants == ("default",)


def test_a_token_stands_for_its_principal(tmp_path: Path) -> None:
    access = load_access(write(tmp_path, FILE))
    assert not access.is_open
    assert access.principal("ann-secret") == Principal("ann", "prod", frozenset({"read", "operate"}))
    assert access.principal("ben-secret") == Principal("ben", "default", frozenset({"admin"}))
    assert access.tenants == ("default", "prod")


@pytest.mark.parametrize("token", [None, "", "ann", "ann-secret ", ANN, "größe", "\ud800"])
def test_any_other_token_is_nobody(tmp_path: Path, token: str | None) -> None:
    assert load_access(write(tmp_path, FILE)).principal(token) is None


def test_no_token_is_nobody_even_where_the_sum_of_nothing_is_listed(tmp_path: Path) -> None:
    nothing = hashlib.sha256(b"").hexdigest()
    access = load_access(write(tmp_path, f"- {{name: empty, roles: [read], sha256: {nothing}}}"))
    assert access.principal("") is None
    assert access.principal(None) is None


def test_an_admin_may_what_every_role_may() -> None:
    assert Principal("ben", "default", frozenset({"admin"})).may("operate")
    assert Principal("ann", "default", frozenset({"read"})).may("read")
    assert not Principal("ann", "default", frozenset({"read"})).may("operate")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", "must be one list", id="an empty file"),
        pytest.param("name: ann", "must be one list", id="a mapping"),
        pytest.param("- [", "is not YAML", id="not YAML"),
        pytest.param("- ann", "[0]: must be a mapping", id="an entry that is a word"),
        pytest.param(f"- {{roles: [read], sha256: {ANN}}}", "[0].name: must be text", id="no name"),
        pytest.param(f"- {{name: ' ', roles: [read], sha256: {ANN}}}", "[0].name: must be text", id="a blank name"),
        pytest.param(
            f"- {{name: a, tenant: 5, roles: [read], sha256: {ANN}}}", "[0].tenant: must be text", id="tenant"
        ),
        pytest.param(f"- {{name: a, sha256: {ANN}}}", "[0].roles: must be a list of roles", id="no roles"),
        pytest.param(
            f"- {{name: a, roles: [], sha256: {ANN}}}", "[0].roles: must be a list of roles", id="empty roles"
        ),
        pytest.param(
            f"- {{name: a, roles: [operater], sha256: {ANN}}}",
            "[0].roles: `operater` is not a role (did you mean `operate`?)",
            id="an unknown role",
        ),
        pytest.param("- {name: a, roles: [read]}", "[0].sha256: must be the SHA-256 of the token", id="no sum"),
        pytest.param(
            "- {name: a, roles: [read], sha256: my-secret}", "[0].sha256: must be the SHA", id="a token itself"
        ),
        pytest.param(
            f"- {{name: a, roles: [read], sha256: {ANN}, token: my-secret}}",
            "[0]: has a key that is not known here",
            id="an unknown key",
        ),
        pytest.param(
            f"- {{name: a, roles: [read], sha256: {ANN}}}\n- {{name: b, roles: [read], sha256: {ANN.upper()}}}",
            ":2: [1].sha256: an entry above has the same token",
            id="one token for two",
        ),
    ],
)
def test_a_mistake_names_file_and_entry_and_never_a_secret(tmp_path: Path, text: str, expected: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(CatalogError) as refused:
        load_access(path)
    message = str(refused.value)
    assert str(path) in message
    assert expected in message
    assert "my-secret" not in message
    assert ANN not in message.lower()


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"gone\.yaml: cannot be read"):
        load_access(tmp_path / "gone.yaml")


def test_text_that_is_not_yaml_is_never_shown(tmp_path: Path) -> None:
    with pytest.raises(CatalogError) as refused:
        load_access(write(tmp_path, "- {name: ann, sha256: my-secret: [}\n"))
    assert "my-secret" not in str(refused.value)


def _changed(path: Path, text: str | None, access: Access, token: str) -> Principal | None:
    """What a token stands for once the file has that text (None: it is gone), which is seen within a second or so."""
    before = access.principal(token)
    if text is None:
        path.unlink()
    else:
        path.write_text(text)
    for _ in range(40):
        time.sleep(0.05)
        if access.principal(token) != before:
            break
    return access.principal(token)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("[]", "holds no tokens any more", id="an empty list"),
        pytest.param("", "holds no tokens any more", id="an empty file"),
        pytest.param(FILE.replace("\n-", "\n# -"), "holds no tokens any more", id="all commented out"),
        pytest.param(None, "is gone or may not be read", id="no file"),
    ],
)
def test_tokens_taken_out_of_the_file_are_revoked_all_of_them_too(
    tmp_path: Path, text: str | None, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path, FILE)
    access = load_access(path)
    assert access.principal("ann-secret") is not None
    assert _changed(path, text, access, "ann-secret") is None
    assert access.principal("ben-secret") is None
    assert not access.is_open
    assert [each.levelname for each in caplog.records if said in each.getMessage()] == ["ERROR"]
    path.write_text(FILE)
    # It is looked at with every request while nobody is let in.
    assert access.principal("ann-secret") == Principal("ann", "prod", frozenset({"read", "operate"}))


def test_one_token_is_revoked_and_another_given_without_a_restart(tmp_path: Path) -> None:
    path = write(tmp_path, FILE)
    access = load_access(path)
    assert _changed(path, f"- {{name: cas, roles: [read], sha256: {BEN}}}", access, "ann-secret") is None
    found = access.principal("ben-secret")
    assert found is not None
    assert found.name == "cas"


def test_a_mistake_in_the_file_locks_nobody_out_and_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write(tmp_path, FILE)
    access = load_access(path)
    assert _changed(path, FILE + "- {name: cas}\n", access, "ann-secret") is not None
    [said] = [each for each in caplog.records if "the tokens read before are kept" in each.getMessage()]
    assert said.levelname == "ERROR"
    assert "[2].roles" in said.getMessage()


def test_a_list_of_no_tokens_lets_nobody_in_from_the_start(tmp_path: Path) -> None:
    access = load_access(write(tmp_path, "[]"))
    assert not access.is_open
    assert access.principal("ann-secret") is None
    assert access.tenants == ("default",)
