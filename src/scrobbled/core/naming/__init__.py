"""What a title is called and known by: ids and their spaces, names, corrections, and what fits what.

Nobody is asked here; whoever asks a catalogue hands its answers in.
"""
