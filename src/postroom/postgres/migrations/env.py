"""Alembic's entry point. The URL comes from `postroom.postgres.migrate`, never from an ini file."""

from alembic import context
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from postroom.postgres.migrate import APPLICATION, LOCK_TIMEOUT

url = make_url(context.config.attributes["url"]).set(drivername="postgresql+psycopg")
engine = create_engine(url, poolclass=NullPool, connect_args={"application_name": APPLICATION})
with engine.connect() as connection:
    # A statement that waits for a lock makes all others wait behind it: it gives up soon, and `upgrade` begins again.
    connection.exec_driver_sql(f"SET lock_timeout = '{LOCK_TIMEOUT}s'")
    connection.commit()
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
