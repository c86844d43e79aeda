"""A reference interpreter of Core ML's ML programs: what does a package compute?"""
