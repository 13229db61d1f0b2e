package diag_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/diag"
)

const secret = "api-0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f9"

func TestMask(t *testing.T) {
	for in, want := range map[string]string{
		"":                                    "",
		secret:                                "***",
		"x" + secret + secret + "y":           "x******y",
		"cut " + secret[:20] + "… (99 bytes)": "cut ***… (99 bytes)",
		"end " + secret[32:]:                  "end ***",
		"api-0f1":                             "api-0f1",
		"the api-key of 4b5a":                 "the api-key of 4b5a",
	} {
		if got := diag.Mask(in, secret); got != want {
			t.Errorf("Mask(%q) = %q, want %q", in, got, want)
		}
	}
	if got := diag.Mask("1234567", "1234567"); got != "1234567" {
		t.Errorf("a short secret is masked: %q", got)
	}
}

// TestMaskLaw: nothing of 8 bytes of the secret is left, and what is not of it is.
func TestMaskLaw(t *testing.T) {
	piece := rapid.Custom(func(t *rapid.T) string {
		from := rapid.IntRange(0, len(secret)).Draw(t, "from")
		return secret[from:rapid.IntRange(from, len(secret)).Draw(t, "to")]
	})
	other := rapid.StringOfN(rapid.RuneFrom([]rune("xyz \n*é")), 0, 5, -1)
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOf(rapid.OneOf(piece, other)).Draw(t, "pieces"), "")
		got := diag.Mask(text, secret)
		for i := range len(secret) - 7 {
			if strings.Contains(got, secret[i:i+8]) {
				t.Fatalf("%q is left in %q", secret[i:i+8], got)
			}
		}
		if plain := rapid.StringOf(rapid.RuneFrom([]rune("xyz \n*é"))).Draw(t, "plain"); diag.Mask(plain, secret) != plain {
			t.Fatalf("%q is changed", plain)
		}
	})
}
