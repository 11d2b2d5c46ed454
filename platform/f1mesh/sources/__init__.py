"""What stands on this machine for the systems that other people run: the outside world.

The systems themselves are packages beside this one; here is what they have in common, how they are
found, and what any of them may be made of (a PostgreSQL, files of strangers, downloads).
"""
