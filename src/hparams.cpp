namespace fitvram {}
