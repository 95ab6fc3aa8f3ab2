"""Following a running experiment: sources of frames, a follower that refines the latest."""
