"""Alembic's entry point. The URL comes from `postroom.postgres.migrate`, never from an ini file."""

from alembic import context
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from postroom.postgres.migrate import LOCK_TIMEOUT, connect

# SQLAlchemy itself reads fewer URLs than libpq: not those with several hosts and ports.
engine = create_engine(
    "postgresql+psycopg://", poolclass=NullPool, creator=lambda: connect(context.config.attributes["url"])
)
with engine.connect() as connection:
    # While a statement waits for a lock, later statements on the table queue behind it. So it fails soon, and `upgrade`
    # starts again.
    connection.exec_driver_sql(f"SET lock_timeout = '{LOCK_TIMEOUT}s'")
    connection.commit()
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
