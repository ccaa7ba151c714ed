"""Where missing ids are looked up. Each catalogue is a ``core.matching.Finder``; they do not know each other."""
