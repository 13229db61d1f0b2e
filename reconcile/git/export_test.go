package git

// SetLimits makes the limits of Versions smaller.
func SetLimits(r *Repository, versions, files, folders int) {
	r.limits.versions, r.limits.files, r.limits.folders = versions, files, folders
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
