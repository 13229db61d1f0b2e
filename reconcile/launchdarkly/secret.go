package launchdarkly

import (
	"fmt"
	"io"
	"log/slog"
)

const mask = "***"

// Secret is a text that prints as "***" whichever way it is printed, encoded or logged.
type Secret string

// String returns "***".
func (Secret) String() string { return mask }

// GoString returns "***".
func (Secret) GoString() string { return mask }

// Format writes "***" for every verb.
func (Secret) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, mask) }

// MarshalJSON returns "***" as a JSON string.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + mask + `"`), nil }

// MarshalText returns "***".
func (Secret) MarshalText() ([]byte, error) { return []byte(mask), nil }

// LogValue returns "***".
func (Secret) LogValue() slog.Value { return slog.StringValue(mask) }

// reveal returns the text itself, for the one header that it belongs in.
func (s Secret) reveal() string { return string(s) }

// check refuses what cannot stand in a header, as a line end left over from a file.
func (s Secret) check() error {
	if s == "" {
		return errNoToken
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return fmt.Errorf("the access token holds a character that no token has, at position %d of %d", i+1, len(s))
		}
	}
	return nil
}
