"""What is measured, how it is recorded, and how it is shown."""
