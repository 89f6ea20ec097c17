"""`pg_dump` and `pg_restore` as docs/how-to/install.md calls them, of the PostgreSQL that the tests run."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import psycopg
from psycopg import sql

from postroom_sandbox.embedded_postgres import EmbeddedPostgres, _package_folder
from servers import Database, _url_for


async def dump(server: EmbeddedPostgres, database: Database, file: Path) -> None:
    """As the superuser: no other role may read every table."""
    await _run("pg_dump", "--format=custom", f"--file={file}", _url_for(server.admin_url, database.name))


async def restore(server: EmbeddedPostgres, database: Database, file: Path) -> None:
    """Drops the database, and makes it as it was, with its owner and its rights. No process may be connected."""
    await _end_sessions(server, database)
    await _run("pg_restore", "--create", "--clean", "--if-exists", f"--dbname={server.admin_url}", str(file))


async def _end_sessions(server: EmbeddedPostgres, database: Database) -> None:
    """PostgreSQL notices some moments later that a client has closed its connection."""
    query = sql.SQL("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = {}")
    async with await psycopg.AsyncConnection.connect(server.admin_url, autocommit=True) as connection:
        await connection.execute(query.format(database.name))


async def _run(program: str, *arguments: str) -> None:
    command: Sequence[str] = (str(_package_folder() / "pginstall/bin" / program), "--no-password", *arguments)
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, output.decode()
