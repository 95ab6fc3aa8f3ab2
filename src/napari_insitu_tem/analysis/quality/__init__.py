"""How good a denoised movie is: against a reference, and from the noisy data alone."""
