"""HOW a variant gets its weights: data, augmentation, loss, loop, evaluation."""
