"""Every method of signing in that the interface knows, as settings of Kratos."""

from base64 import b64encode
from typing import Any

from kratos_servers import SOURCE
from oidc_provider import CLIENT, OidcProvider

_MAPPER = "local claims = std.extVar('claims'); { identity: { traits: { email: claims.email } } }"


def every_method(
    origin: str, provider: OidcProvider | None = None, *, code: str = "passwordless", keys: str = "first", **flows: Any
) -> dict[str, Any]:
    """Settings that are laid over `kratos.yml`. A mailed code is for signing in (`passwordless`) or the second factor
    (`mfa`), and so are security keys (`first`, `second`): Kratos allows one of the two at a time. `flows` are settings
    of the flows by name, such as `login={"lifespan": "2s"}`."""
    party = {"id": "localhost", "origins": [origin], "display_name": "Postroom"}
    return {
        "selfservice": {
            "methods": {
                "code": {
                    "enabled": True,
                    "passwordless_enabled": code == "passwordless",
                    "passwordless_login_fallback_enabled": code == "passwordless",
                    "mfa_enabled": code == "mfa",
                },
                "totp": {"enabled": True, "config": {"issuer": "Postroom"}},
                "lookup_secret": {"enabled": True},
                "webauthn": {"enabled": True, "config": {"passwordless": keys == "first", "rp": party}},
                "passkey": {"enabled": True, "config": {"rp": party}},
                **({"oidc": _oidc(provider)} if provider else {}),
            },
            "flows": flows,
        },
        "identity": {
            "default_schema_id": "default",
            "schemas": [{"id": "default", "url": (SOURCE / "every_method.schema.json").as_uri()}],
        },
    }


def _oidc(provider: OidcProvider) -> dict[str, Any]:
    one = {
        "id": "nordlicht",
        "label": "Nordlicht",
        "provider": "generic",
        "client_id": CLIENT,
        "client_secret": "not a secret",
        "issuer_url": provider.url,
        "scope": ["openid", "email"],
        "mapper_url": "base64://" + b64encode(_MAPPER.encode()).decode(),
    }
    return {"enabled": True, "config": {"providers": [one]}}
