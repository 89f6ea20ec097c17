"""Where browsers find this Kratos and its user interface, as its configuration states them."""

from dataclasses import dataclass

from starlette.requests import Request

_PAGES = {"login": "sign-in", "registration": "sign-up"}
"""The pages of Postroom's interface that are not named like their flow."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """`base_url` is Kratos' `serve.public.base_url`; None: where the request came in. `ui_url` is the interface with
    the pages of the flows; None: the stand-in's own."""

    base_url: str | None = None
    ui_url: str | None = None

    def public_url(self, request: Request) -> str:
        return (self.base_url or str(request.base_url)).rstrip("/")

    def home(self, request: Request) -> str:
        """The page to which a browser is sent by default."""
        return self.ui_url or f"{self.public_url(request)}/welcome"

    def page(self, request: Request, kind: str) -> str:
        """The page that shows a form."""
        if self.ui_url:
            return f"{self.ui_url.rstrip('/')}/{_PAGES.get(kind, kind)}"
        return f"{self.public_url(request)}/{kind}"


def addresses_of(request: Request) -> Addresses:
    return request.app.state.addresses
