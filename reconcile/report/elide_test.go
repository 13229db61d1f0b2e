package report

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestElide(t *testing.T) {
	for _, c := range []struct {
		in   string
		most int
		want string
	}{
		{"abcdef", 6, "abcdef"},
		{"abcdefg", 6, "abc … (1 byte left out) … efg"},
		{"ééééé", 6, "é … (6 bytes left out) … é"},
		{"", 6, ""},
		{"\x80\x80\x80\x80\x80\x80\x80\x80", 2, " … (8 bytes left out) … "},
	} {
		if got := elide(c.in, c.most); got != c.want {
			t.Errorf("elide(%q, %d) = %q, want %q", c.in, c.most, got, c.want)
		}
	}
}

func TestElideLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.StringN(0, 60, -1), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) })).Draw(t, "s")
		most := rapid.IntRange(0, 40).Draw(t, "most")
		got := elide(s, most)
		if len(s) <= most {
			if got != s {
				t.Fatalf("%q was cut to %q", s, got)
			}
			return
		}
		if utf8.ValidString(s) && !utf8.ValidString(got) {
			t.Fatalf("%q was cut inside a character: %q", s, got)
		}
		head, rest, _ := strings.Cut(got, " … (")
		_, tail, _ := strings.Cut(rest, ") … ")
		if !strings.HasPrefix(s, head) && !strings.Contains(s, " … (") || len(head)+len(tail) > max(most, 0) {
			t.Fatalf("%q at %d bytes: %q", s, most, got)
		}
	})
}

func TestElided(t *testing.T) {
	type inner struct{ S string }
	type value struct {
		S     string
		P     *inner
		Nil   *inner
		L     []inner
		Raw   []byte
		N     int
		Named Format
	}
	long := strings.Repeat("x", 100)
	in := value{S: long, P: &inner{long}, L: []inner{{"a"}, {long}}, Raw: []byte(long), N: 3, Named: Format(long)}
	out := elided(in, 10)
	short := elide(long, 10)
	if out.S != short || out.P.S != short || out.L[1].S != short || string(out.Named) != short || out.L[0].S != "a" || out.N != 3 {
		t.Errorf("got %+v", out)
	}
	if in.S != long || in.P.S != long || in.L[1].S != long || string(out.Raw) != long || out.Nil != nil {
		t.Errorf("the value itself was cut, or what is not text: %+v", in)
	}
	if same := elided(in, 100); same.P != in.P {
		t.Error("a value without long strings was copied")
	}
}

func TestElideList(t *testing.T) {
	var list []string
	for i := range 100 {
		list = append(list, fmt.Sprintf("element%02d", i))
	}
	got := strings.Join(elideList(list, 60), " ")
	if want := "element00 element01 element02 … 94 more … element97 element98 element99"; got != want {
		t.Errorf("got %s", got)
	}
	if got := elideList(list, 900); len(got) != 100 {
		t.Errorf("cut to %d", len(got))
	}
	long := strings.Repeat("x", 50)
	if got := elideList([]string{long, long, long}, 60); strings.Join(got, " ") != "… 3 more …" {
		t.Errorf("got %q", got)
	}
	if got := elideList([]string{long, long}, 60); len(got) != 2 {
		t.Errorf("two elements are cut to %q", got)
	}
}
