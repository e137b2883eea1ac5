"""A generation may have a network that proposes programs, beside its guide."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Give generations a column for it; those that are there have none."""
    # Written out, since SQLite would have to copy a table that others refer to.
    kind = "INTEGER" if op.get_context().dialect.name == "sqlite" else "BIGINT"
    op.execute(
        f"ALTER TABLE generation ADD COLUMN network_id {kind} "
        "CONSTRAINT fk_generation_network_id REFERENCES checkpoint (id)"
    )
