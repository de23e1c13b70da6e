"""Tokens in Vault: the unmodified hvac against a real OpenBao."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from mesh_dns.credentials import Credentials
from mesh_dns.errors import Misconfigured, Retryable
from mesh_dns.secrets.vault import AwsLogin, Location, Login, VaultStore
from sandbox.web_identity import WebIdentity
from tests.unit.secrets import certificates, openbao
from tests.unit.secrets.certificates import Files
from tests.unit.secrets.openbao import OpenBao
from tests.unit.secrets.stores import KV1, KV2, ROLE, VALUE, complaint_about, jwt_login, put, token_login

OTHER_VALUE = "cf-r0tated"


@pytest.fixture(autouse=True)
def as_at_first(bao: OpenBao) -> None:
    put(bao, cloudflare=VALUE)


class TestReading:
    @pytest.mark.parametrize("location", [KV1, KV2], ids=["from KV version 1", "from KV version 2"])
    @pytest.mark.parametrize("way_in", ["a stored Vault token", "a token that AWS signs"])
    def test_reads_the_token(self, bao: OpenBao, aws: WebIdentity, location: Location, way_in: str) -> None:
        login = token_login(bao) if way_in == "a stored Vault token" else jwt_login(aws)

        assert VaultStore(bao.url, location, login).read() == VALUE

    @pytest.mark.parametrize("location", [KV1, KV2], ids=["in KV version 1", "in KV version 2"])
    def test_a_new_token_is_there_at_the_next_read(self, bao: OpenBao, location: Location) -> None:
        store = VaultStore(bao.url, location, token_login(bao))
        store.read()
        put(bao, cloudflare=f"{OTHER_VALUE}\n")

        assert store.read() == OTHER_VALUE

    def test_mounts_and_paths_may_have_slashes_around(self, bao: OpenBao, aws: WebIdentity) -> None:
        location = Location("/kv2/", "/teams/dns/", "cloudflare", 2)

        assert VaultStore(f"{bao.url}/", location, jwt_login(aws, mount="/jwt/")).read() == VALUE

    def test_a_namespace_goes_along_with_the_read(self, bao: OpenBao) -> None:
        bao.write("sys/namespaces/mesh")
        bao.write("mesh/sys/mounts/kv", type="kv", options={"version": "1"})
        bao.write("mesh/kv/dns", cloudflare=OTHER_VALUE)
        bao.policy("in-the-namespace", "mesh/kv/dns")
        location, login = Location("kv", "dns", "cloudflare", 1), token_login(bao, "in-the-namespace")

        assert VaultStore(bao.url, location, login, namespace="mesh").read() == OTHER_VALUE
        assert "permission denied" in complaint_about(bao, location, login)


def withdraw(bao: OpenBao) -> Login:
    login = token_login(bao)
    bao.admin.auth.token.revoke(login.store.read())
    return login


def delete(bao: OpenBao) -> Login:
    bao.admin.secrets.kv.v2.delete_latest_version_of_secret("teams/dns", mount_point="kv2")
    return token_login(bao)


def destroy(bao: OpenBao) -> Login:
    newest = bao.admin.secrets.kv.v2.read_secret_metadata("teams/dns", mount_point="kv2")["data"]["current_version"]
    bao.admin.secrets.kv.v2.destroy_secret_versions("teams/dns", [newest], mount_point="kv2")
    return token_login(bao)


def allow_all(bao: OpenBao) -> Login:
    bao.policy("all", "kv1/*", "kv2/*")
    return token_login(bao, "all")


class TestFailures:
    @pytest.mark.parametrize(
        ("location", "way_in", "complaint"),
        [
            pytest.param(KV2, lambda bao: token_login(bao, "other"), "permission denied", id="a policy that denies it"),
            pytest.param(KV2, withdraw, "permission denied", id="a Vault token that was revoked"),
            pytest.param(KV2._replace(path="other"), token_login, "permission denied", id="a path it may not read"),
            pytest.param(KV2._replace(path="other"), allow_all, "InvalidPath", id="a path where nothing is"),
            pytest.param(KV1._replace(path="other"), allow_all, "InvalidPath", id="a path where nothing is, version 1"),
            pytest.param(KV2._replace(mount="other"), token_login, "permission denied", id="a mount where nothing is"),
            pytest.param(KV2._replace(version=1), allow_all, "`kv_version`", id="version 1 said, version 2 there"),
            pytest.param(KV1._replace(version=2), allow_all, "`kv_version`", id="version 2 said, version 1 there"),
            pytest.param(KV2._replace(key="other"), token_login, "correct `key`", id="another key"),
            pytest.param(KV1._replace(key="other"), token_login, "correct `key`", id="another key, version 1"),
            pytest.param(KV2, delete, "not deleted", id="a version that was deleted"),
            pytest.param(KV2, destroy, "not deleted", id="a version that was destroyed"),
        ],
    )
    def test_what_somebody_has_to_change(
        self, bao: OpenBao, location: Location, way_in: Callable[[OpenBao], Login], complaint: str
    ) -> None:
        said = complaint_about(bao, location, way_in(bao))

        assert complaint in said
        assert f"{location.mount}/{location.path}, key {location.key}" in said

    @pytest.mark.parametrize(
        ("value", "complaint"),
        [
            pytest.param("", "is empty", id="empty"),
            pytest.param({"x": VALUE}, "not text", id="an object"),
            pytest.param(12, "not text", id="a number"),
        ],
    )
    def test_a_value_that_is_no_token(self, bao: OpenBao, value: object, complaint: str) -> None:
        put(bao, cloudflare=value)

        assert complaint in complaint_about(bao, KV2, token_login(bao))

    def test_a_sealed_server_may_be_unsealed(self, bao: OpenBao, aws: WebIdentity) -> None:
        stores = [VaultStore(bao.url, KV2, login) for login in (token_login(bao), jwt_login(aws))]
        bao.seal()
        try:
            for store in stores:
                with pytest.raises(Retryable, match="sealed or a standby") as raised:
                    store.read()
                assert not isinstance(raised.value, Misconfigured)
        finally:
            bao.unseal()
        assert [store.read() for store in stores] == [VALUE, VALUE]

    def test_openbao_has_no_aws_method_and_the_complaint_says_what_to_use(self, bao: OpenBao) -> None:
        login = AwsLogin(ROLE, lambda: Credentials("ASIAEXAMPLE", "aws-s3cret", "aws-s3ssion"))

        assert "use `jwt_role` there" in complaint_about(bao, KV2, login)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return certificates.make(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory, files: Files) -> Iterator[OpenBao]:
    with openbao.serving(tmp_path_factory.mktemp("tls"), files) as running:
        running.engines()
        running.policy("mesh-dns", "kv2/data/teams/dns")
        put(running, cloudflare=VALUE)
        yield running


class TestTls:
    def test_its_own_ca_is_trusted_when_given(self, tls: OpenBao, files: Files) -> None:
        store = VaultStore(tls.url, KV2, token_login(tls), ca_certificate=files.ca_text)

        assert [store.read(), store.read()] == [VALUE, VALUE]

    def test_and_not_otherwise(self, tls: OpenBao) -> None:
        assert "give the CA that signed it as `ca_certificate`" in complaint_about(tls, KV2, token_login(tls))

    def test_nor_is_another_ca(self, tls: OpenBao, tmp_path_factory: pytest.TempPathFactory) -> None:
        other = certificates.make(tmp_path_factory.mktemp("other"))
        with pytest.raises(Misconfigured, match="not trusted"):
            VaultStore(tls.url, KV2, token_login(tls), ca_certificate=other.ca_text).read()
