"""What Alembic runs for an upgrade: the steps, on the connection and in the transaction of `store.engine`."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    version_table=context.config.attributes["version_table"],
    transactional_ddl=True,
)
context.run_migrations()
