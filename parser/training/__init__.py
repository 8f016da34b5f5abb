"""Training with PyTorch Lightning and W&B, which nothing else imports."""
