package policy

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/internal/fuzzing"
)

// drawSpecifier makes any specifier that the grammar has: of a known kind, or of unknown types.
func drawSpecifier(t *rapid.T) Specifier {
	types := strings.Split(drawKind(t), ":")
	spec := Specifier{Segments: make([]Segment, len(types))}
	for i, typ := range types {
		seg := Segment{Type: typ, HasName: true}
		switch known := DefaultCatalogue().lookup(typ); {
		case known != nil && known.Naming == NeverNamed:
			seg.HasName = false
		case known == nil || known.Naming == MaybeNamed:
			seg.HasName = rapid.Bool().Draw(t, "named")
		}
		if seg.HasName {
			seg.Name = drawPattern(t)
		}
		for range rapid.IntRange(0, 3).Draw(t, "selectors") {
			seg.Selectors = append(seg.Selectors, drawSelector(t))
		}
		spec.Segments[i] = seg
	}
	return spec
}

func drawKind(t *rapid.T) string {
	types := DefaultCatalogue().Types()
	if kinds := types[rapid.IntRange(0, len(types)-1).Draw(t, "type")].Kinds; rapid.IntRange(0, 3).Draw(t, "known") > 0 {
		return rapid.SampledFrom(kinds).Draw(t, "kind")
	}
	return strings.Join(rapid.SliceOfN(rapid.StringMatching(`zz[a-z0-9-]{0,5}`), 1, 4).Draw(t, "types"), ":")
}

// drawPattern never draws "view": behind it and ":" comes a view selector, so that a tag of that
// name can only end a specifier.
func drawPattern(t *rapid.T) Pattern {
	part := rapid.OneOf(
		rapid.StringMatching(`[A-Za-z0-9._-]{1,6}`),
		rapid.Just("*"),
		rapid.StringMatching(`\$\{roleAttribute/[A-Za-z0-9._-]{1,6}\}`),
	)
	text := strings.Join(rapid.SliceOfN(part, 1, 5).Draw(t, "parts"), "")
	for strings.Contains(text, "**") {
		text = strings.ReplaceAll(text, "**", "*")
	}
	if strings.HasPrefix(text, "view") {
		text = "x" + text
	}
	return Pattern(text)
}

func drawSelector(t *rapid.T) Selector {
	word := rapid.StringMatching(`[A-Za-z0-9._-]{1,6}`)
	switch rapid.IntRange(0, 2).Draw(t, "selector") {
	case 0:
		return Property{word.Draw(t, "property"), word.Draw(t, "value")}
	case 1:
		return View(drawPattern(t))
	}
	return Tag(drawPattern(t))
}

// TestLawRoundTrip: what prints parses to the same.
func TestLawRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawSpecifier(t)
		got, err := Parse(want.String())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestLawOneSlip: a specifier with one byte gone, doubled or changed parses or is refused where
// something is wrong, and what is suggested is a specifier.
func TestLawOneSlip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawSpecifier(t).String()
		i := rapid.IntRange(0, len(text)-1).Draw(t, "at")
		put := rapid.SampledFrom([]string{"", "*", ":", "/", ";", ",", " ", "{", "}", "$", "A", "é", text[i:i+1] + text[i:i+1]}).Draw(t, "put")
		checkParse(t, text[:i]+put+text[i+1:], Options{})
	})
}

// TestLawParts: the parts of a pattern are the pattern.
func TestLawParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := drawPattern(t)
		text := ""
		for i, part := range pattern.Parts() {
			if i > 0 && part.Kind == Literal && pattern.Parts()[i-1].Kind == Literal {
				t.Fatalf("two literals touch in %q", pattern)
			}
			text += map[PieceKind]string{Literal: part.Text, Wildcard: "*", Attribute: "${roleAttribute/" + part.Text + "}"}[part.Kind]
		}
		if text != string(pattern) {
			t.Fatalf("the parts of %q are %q", pattern, text)
		}
	})
}

// matches is the plain definition of a match, in exponential time.
func matches(pattern, text string) bool {
	switch {
	case pattern == "":
		return text == ""
	case pattern[0] == '*':
		return matches(pattern[1:], text) || text != "" && matches(pattern, text[1:])
	}
	return text != "" && pattern[0] == text[0] && matches(pattern[1:], text[1:])
}

func TestLawGlob(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[ab*]{0,8}`).Draw(t, "pattern")
		text := rapid.StringMatching(`[ab]{0,10}`).Draw(t, "text")
		if got, want := MatchAction(pattern, text), matches(pattern, text); got != want {
			t.Fatalf("MatchAction(%q, %q) = %v", pattern, text, got)
		}
	})
}

// checkParse checks what holds for every text at all.
func checkParse(t interface{ Fatalf(string, ...any) }, text string, o Options) {
	spec, err := ParseWith(text, o)
	if err == nil {
		if got := spec.String(); got != text {
			t.Fatalf("ParseWith(%q, %+v) prints %q", text, o, got)
		}
		return
	}
	var syntax *SyntaxError
	switch {
	case !errors.As(err, &syntax):
		t.Fatalf("ParseWith(%q, %+v): error %T", text, o, err)
	case syntax.Offset < 0 || syntax.Offset > len(text):
		t.Fatalf("ParseWith(%q, %+v): offset %d", text, o, syntax.Offset)
	case syntax.Message == "" || !utf8.ValidString(syntax.Message) || strings.ContainsAny(syntax.Message, "\n\r\x1b"):
		t.Fatalf("ParseWith(%q, %+v): message %q", text, o, syntax.Message)
	case syntax.Suggestion == "":
		return
	case syntax.Suggestion == text:
		t.Fatalf("ParseWith(%q, %+v) suggests the same text", text, o)
	}
	if _, err := Parse(syntax.Suggestion); err != nil {
		t.Fatalf("ParseWith(%q, %+v) suggests %q: %v", text, o, syntax.Suggestion, err)
	}
}

// FuzzParse: no text makes the parser panic, run on or print something else, under any options.
func FuzzParse(f *testing.F) {
	for text := range accepted {
		f.Add(text, byte(0))
	}
	for i, c := range refused {
		f.Add(c.text, byte(i))
	}
	f.Fuzz(func(t *testing.T, text string, bits byte) {
		defer fuzzing.Timed(t)()
		checkParse(t, text, Options{
			AllowBareStar: bits&1 != 0, LenientTypos: bits&2 != 0,
			RefuseUnknownProperty: bits&4 != 0, RefuseUnknownType: bits&8 != 0,
		})
	})
}
