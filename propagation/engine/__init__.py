"""What one finite random network does: exact forward and backward passes, measured."""
