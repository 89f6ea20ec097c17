"""An account of a person as Stalwart's registry shows it, with all that Postroom compares and changes."""

from collections.abc import Mapping

from pydantic import Field

from postroom.domain.account_change import AUTHENTICATE, Alias, Login, Observed, Permissions, note_of
from postroom.errors import Transient
from postroom.stalwart import response_models
from postroom.stalwart.response_models import ResponseModel

SHOWN = ["id", "emailAddress", "aliases", "description", "permissions"]


class _Alias(response_models.Alias):
    enabled: bool = True
    description: str | None = None


class _Permissions(ResponseModel):
    kind: str = Field("", alias="@type")
    enabled: dict[str, bool] = Field({}, alias="enabledPermissions")
    disabled: dict[str, bool] = Field({}, alias="disabledPermissions")

    @property
    def login(self) -> Login:
        match self.kind:
            case Permissions.INHERIT:
                return Login()
            case Permissions.MERGE:
                sole = not self.enabled and self.disabled.keys() == {AUTHENTICATE}
                return Login(Permissions.MERGE, AUTHENTICATE in self.disabled, sole)
            case _:
                off = AUTHENTICATE in self.disabled or AUTHENTICATE not in self.enabled
                return Login(Permissions.REPLACE, off)


class ShownAccount(ResponseModel):
    id: response_models.Id
    email_address: response_models.Named = Field(alias="emailAddress")
    aliases: dict[str, _Alias] = Field(default_factory=dict[str, _Alias])
    description: str | None = None
    permissions: _Permissions | None = None

    def domains_beside(self, mark: str, mark_domain_id: str) -> set[str]:
        """The ids of the domains of its aliases, but for the mark."""
        return {
            each.domain_id for each in self.aliases.values() if (each.name, each.domain_id) != (mark, mark_domain_id)
        }

    def observed(self, mark: str, mark_domain_id: str, names: Mapping[str, str]) -> Observed:
        """It carries the mark. `names`: those of its other domains, by their ids. Raises `Transient` if something is
        not shown."""
        aliases = self.aliases.values()
        if self.permissions is None or self.domains_beside(mark, mark_domain_id) - names.keys():
            raise Transient(f"mail server does not show the whole account {self.id}")
        marks = [each for each in aliases if (each.name, each.domain_id) == (mark, mark_domain_id)]
        return Observed(
            self.id,
            self.email_address,
            self.description,
            tuple(
                Alias(f"{each.name}@{names[each.domain_id]}", each.enabled, each.description)
                for each in aliases
                if each not in marks
            ),
            self.permissions.login,
            note_of(marks[0].description),
        )


class ShownAccounts(ResponseModel):
    accounts: list[ShownAccount] = Field(alias="list")
    not_found: list[str] = Field([], alias="notFound")
