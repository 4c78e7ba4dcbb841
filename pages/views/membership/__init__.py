"""What only the Membership page draws."""
