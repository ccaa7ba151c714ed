"""What a person asks and does, the same for command, API and page: a folder for each subject.

No HTTP, no templates. What leaves here may still hold a secret: whoever shows it masks it, see ``masking``.
"""
