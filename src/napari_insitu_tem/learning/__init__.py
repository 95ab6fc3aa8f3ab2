"""Learning: training sets, augmentation, losses, the training loop, recipes of models."""
