package git

// SetLimits makes the limits of Versions smaller.
func SetLimits(r *Repository, commits, versions, files int) {
	r.limits.commits, r.limits.versions, r.limits.files = commits, versions, files
}

// SetLargest makes the limit of one file smaller.
func SetLargest(r *Repository, bytes int64) { r.limits.blob = bytes }

// SetObject makes the limit of one tree or commit smaller.
func SetObject(r *Repository, bytes int64) { r.limits.object = bytes }

// SetEntries makes the limit of what a tree lists smaller.
func SetEntries(r *Repository, n int) { r.limits.entries = n }

// ParseTree is parseTree; it returns the names.
func ParseTree(data []byte, size int) (names []string, ok bool) {
	entries, ok := parseTree(data, size)
	for _, e := range entries {
		names = append(names, e.name)
	}
	return names, ok
}
