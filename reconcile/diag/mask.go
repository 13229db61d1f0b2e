package diag

import "strings"

// minMasked is the length in bytes from which a secret, or a piece of one, is masked. A shorter one is
// part of words; LaunchDarkly's tokens have 40.
const minMasked = 8

// Mask returns text with "***" in the place of secret, and of every piece of it that has 8 bytes or
// more: a text that quotes another one may have cut it short in the middle of the secret.
func Mask(text, secret string) string {
	if len(secret) < minMasked {
		return text
	}
	var b strings.Builder
	from := 0 // what is before is written
	for i := 0; i+minMasked <= len(text); i++ {
		n := minMasked
		if !strings.Contains(secret, text[i:i+n]) {
			continue
		}
		for i+n < len(text) && strings.Contains(secret, text[i:i+n+1]) {
			n++
		}
		b.WriteString(text[from:i] + "***")
		from, i = i+n, i+n-1
	}
	return b.String() + text[from:]
}
