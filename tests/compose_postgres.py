"""The PostgreSQL of compose.yaml, natively: an empty embedded cluster, in which the file of the image's
`/docker-entrypoint-initdb.d` makes the roles and the databases."""

from collections.abc import Mapping
from pathlib import Path

import psycopg

from postroom_sandbox.data_folder import DataFolder
from postroom_sandbox.embedded_postgres import EmbeddedPostgres

SECRETS = "/run/secrets/"


class ComposePostgres(EmbeddedPostgres):
    """`secrets` are those that the container has: name → file."""

    def __init__(self, data: DataFolder, port: int, statements: Path, secrets: Mapping[str, Path]) -> None:
        super().__init__(data, port=port)
        self._statements = statements
        self._secrets = secrets

    async def _make_roles(self) -> None:
        async with await psycopg.AsyncConnection.connect(self.admin_url, autocommit=True) as connection:
            found = await (await connection.execute("SHOW data_directory")).fetchone()
            assert found
            # Where the server may read, which is not root. Its own folder is closed to everybody else.
            folder = Path(found[0]) / "secrets"
            folder.mkdir(mode=0o755)
            for name, file in self._secrets.items():
                (folder / name).write_bytes(file.read_bytes())
                (folder / name).chmod(0o644)
            text = self._statements.read_text().replace(SECRETS, f"{folder}/")
            # One at a time, as psql sends them: CREATE DATABASE refuses to run together with others.
            for statement in _statements(text):
                await connection.execute(statement.encode())


def _statements(text: str) -> list[str]:
    """The parts between semicolons at the ends of lines, outside of $$ … $$."""
    found, inside = [""], False
    for line in text.splitlines(keepends=True):
        inside ^= line.count("$$") % 2 == 1
        found[-1] += line
        if line.rstrip().endswith(";") and not inside:
            found.append("")
    return [each for each in found if each.strip()]
