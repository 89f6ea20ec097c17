"""A small OpenID Connect provider on loopback: it signs in whoever `person` names, without a form."""

import json
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from served_app import served

CLIENT = "postroom"


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _number(value: int) -> str:
    return _base64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))


@dataclass
class OidcProvider:
    """`person` has the claims of whoever signs in; None denies, as if the person had pressed Cancel."""

    url: str = ""
    person: dict[str, Any] | None = None
    _key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
    _codes: dict[str, dict[str, Any]] = field(default_factory=dict)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._discovery),
                Route("/keys", self._keys),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
            ]
        )

    async def _discovery(self, _request: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        )

    async def _keys(self, _request: Request) -> Response:
        public = self._key.public_key().public_numbers()
        key = {"kty": "RSA", "kid": "1", "alg": "RS256", "use": "sig", "n": _number(public.n), "e": _number(public.e)}
        return JSONResponse({"keys": [key]})

    async def _authorize(self, request: Request) -> Response:
        query = request.query_params
        answer = {"state": query["state"]}
        if self.person is None:
            answer |= {"error": "access_denied", "error_description": "The person pressed Cancel."}
        else:
            answer["code"] = secrets.token_urlsafe()
            nonce = {"nonce": query["nonce"]} if "nonce" in query else {}
            self._codes[answer["code"]] = self.person | nonce
        return RedirectResponse(f"{query['redirect_uri']}?{urlencode(answer)}", 303)

    async def _token(self, request: Request) -> Response:
        [code] = parse_qs((await request.body()).decode())["code"]
        claims = self._codes.pop(code)
        now = int(time.time())
        token = self._signed({"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 60, **claims})
        return JSONResponse({"access_token": secrets.token_urlsafe(), "token_type": "bearer", "id_token": token})

    def _signed(self, claims: dict[str, Any]) -> str:
        parts = [_base64url(json.dumps(part).encode()) for part in ({"alg": "RS256", "kid": "1"}, claims)]
        signature = self._key.sign(".".join(parts).encode(), padding.PKCS1v15(), hashes.SHA256())
        return ".".join([*parts, _base64url(signature)])


@asynccontextmanager
async def oidc_provider() -> AsyncIterator[OidcProvider]:
    provider = OidcProvider()
    async with served(provider.app()) as port:
        provider.url = f"http://127.0.0.1:{port}"
        yield provider
