"""Jobs on both targets while everything around them is killed, cut, filled, locked and damaged."""
