package role

// Glob reports whether text matches pattern, in which "*" stands for any characters, none
// included, and everything else for itself, letter case too. It selects keys in rolewright.yaml;
// LaunchDarkly's own globs in policies are another matter.
func Glob(pattern, text string) bool {
	// star and mark remember the last "*" and where in text it was met: on a mismatch that star
	// takes one character more. Earlier stars never have to be tried again.
	p, t, star, mark := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && pattern[p] == text[t]:
			p, t = p+1, t+1
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}
