package role

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/internal/fuzzing"
)

func TestCheckTeamKey(t *testing.T) {
	for _, good := range []string{"a", "Checkout", "0-a_b.c", "reader", "569f183514f4432160000007", strings.Repeat("k", MaxKey)} {
		if err := CheckTeamKey(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for bad, want := range map[string]string{
		"": "empty", strings.Repeat("k", MaxKey+1): "longer", "a b": "use letters", "../x": "use letters", "-a": "use letters",
		".": "use letters", "a/b": "use letters", "é": "use letters", "a\n": "use letters", "a?x=1": "use letters",
	} {
		if err := CheckTeamKey(bad); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", bad, err, want)
		}
	}
}

func TestCheckEmail(t *testing.T) {
	for _, good := range []string{
		"a@b.c", "ana.b+tag@mail.example-1.co.uk", "O'Neil@EXAMPLE.com", "x_y%z@1.example.com", "a@xn--bcher-kva.example",
		strings.Repeat("a", MaxEmail-len("@b.c")) + "@b.c",
	} {
		if err := CheckEmail(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for bad, want := range map[string]string{
		"": "empty", strings.Repeat("a", MaxEmail) + "@b.c": "longer", "ana": `no "@"`, "Ana <ana@b.c>": "without a name",
		"*@b.c": "glob", "a@*.c": "glob", "a@b.c,d@e.f": "one address", "a@b.c;d": "one address", "a@b@c.d": "one address", "@b.c": "mailbox", ".a@b.c": "mailbox", "a.@b.c": "mailbox", "a..b@c.d": "mailbox",
		"a|b@c.d": "mailbox", "a:b@c.d": "mailbox", "a\"b@c.d": "mailbox", "a(b)@c.d": "mailbox", "é@b.c": "mailbox", "a\n@b.c": "mailbox",
		"a@": "domain", "a@b": "domain", "a@b.": "domain", "a@.c": "domain", "a@b..c": "domain", "a@-b.c": "domain", "a@b-.c": "domain", "a@b_c.d": "domain",
		"a@b.c\n": "domain", "a@[1.2.3.4]": "domain",
	} {
		if err := CheckEmail(bad); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", bad, err, want)
		}
	}
}

func TestCoversEmail(t *testing.T) {
	s := Scope{Include: []string{"*@Example.com", "bob@other.org"}, Ignore: []string{"Root@*"}}
	for email, want := range map[string]string{
		"ana@example.com": "", "ANA@EXAMPLE.COM": "", "Bob@Other.org": "",
		"eve@other.org": `nothing in "include" matches it`, "root@example.com": `"root@*" of "ignore" matches it`, "ROOT@example.com": `"root@*" of "ignore" matches it`,
	} {
		covered, reason := s.CoversEmail(email)
		if covered != (want == "") || reason != want {
			t.Errorf("%s: %v, %q", email, covered, reason)
		}
	}
}

// TestCoversEmailFolds: no spelling of an address or a glob changes what is covered.
func TestCoversEmailFolds(t *testing.T) {
	text := rapid.StringMatching(`[a-cA-C*]{0,4}@?[a-cA-C*]{0,3}`)
	rapid.Check(t, func(rt *rapid.T) {
		glob, email := text.Draw(rt, "glob"), strings.ReplaceAll(text.Draw(rt, "email"), "*", "")
		want, _ := Scope{Include: []string{glob}}.CoversEmail(email)
		got, _ := Scope{Include: []string{strings.ToUpper(glob)}}.CoversEmail(strings.ToLower(email))
		if got != want {
			rt.Fatalf("%q and %q: %v, folded %v", glob, email, want, got)
		}
	})
}

func TestCheckAttributeName(t *testing.T) {
	for _, good := range []string{"projects", "a.b-c_D9", "9", "-"} {
		if err := CheckAttributeName(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for bad, want := range map[string]string{
		"": "empty", "${roleAttribute/x}": "name alone", "roleAttribute/x": "name alone", strings.Repeat("a", MaxKey+1): "longer",
		"a b": "use letters", "a/b": "use letters", "a}": "use letters", "a*": "use letters", "é": "use letters", "a\n": "use letters",
	} {
		if err := CheckAttributeName(bad); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", bad, err, want)
		}
	}
}

func TestCheckAttributeValue(t *testing.T) {
	for _, good := range []string{"web", "a.b-c_D9", "ana@example.com", "proj/web"} {
		if err := CheckAttributeValue(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for bad, want := range map[string]struct {
		offset int
		why    string
	}{
		"": {0, "empty"}, "team-*": {5, "wildcard"}, "proj/a:env/b": {6, "levels"}, "a;b": {1, "tags"}, "a,b": {1, "not several"},
		"x${roleAttribute/y}": {1, "filled in"}, "$x": {0, "language of policies"}, "{critical}": {0, "language of policies"}, "a}": {1, "language of policies"},
		"a b": {1, "space"}, "a\t": {1, "space"}, " ": {0, "space"}, strings.Repeat("v", MaxKey+1): {0, "longer"},
	} {
		err := CheckAttributeValue(bad)
		if err == nil || err.Offset != want.offset || !strings.Contains(err.Error(), want.why) {
			t.Errorf("%q: %+v, want %+v", bad, err, want)
		}
	}
}

func TestCheckDate(t *testing.T) {
	for date, want := range map[string]string{
		"2026-12-31": "", "2028-02-29": "", "0001-01-01": "",
		"2026-02-30": "no day", "2027-02-29": "no day", "2026-13-01": "no day", "2026-00-10": "no day", "2026-01-00": "no day",
		"": "of the form", "2026-1-2": "of the form", "31.12.2026": "of the form", "2026-12-31T00:00:00Z": "of the form", "2026-12-31 ": "of the form", "+026-12-31": "of the form", "tomorrow": "of the form",
	} {
		err := CheckDate(date)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", date, err, want)
		}
	}
}

func TestInForce(t *testing.T) {
	list := []Assignment{{Role: "a"}, {Role: "b", Expires: "2026-06-14"}, {Role: "c", Expires: "2026-06-15"}, {Role: "d", Expires: "2025-12-31"}}
	kept, expired := InForce(list, "2026-06-15")
	if diff := cmp.Diff([]Assignment{list[0], list[2]}, kept); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Assignment{list[1], list[3]}, expired); diff != "" {
		t.Error(diff)
	}
	if kept, expired = InForce(list, ""); len(kept) != 4 || expired != nil {
		t.Errorf("no day: %v, %v", kept, expired)
	}
	if kept, _ = InForce(nil, "2026-06-15"); kept == nil {
		t.Error("no role is no longer told from no list")
	}
}

// TestInForceLaws: every assignment is in one of the two lists; what has expired stays so; days
// compare as the calendar has them.
func TestInForceLaws(t *testing.T) {
	day := rapid.Custom(func(rt *rapid.T) string {
		return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(-800, 800).Draw(rt, "day")).Format(DateForm)
	})
	rapid.Check(t, func(rt *rapid.T) {
		a := Assignment{Role: "a", Expires: rapid.OneOf(rapid.Just(""), day).Draw(rt, "expires")}
		today, later := day.Draw(rt, "today"), day.Draw(rt, "later")
		kept, expired := InForce([]Assignment{a}, today)
		if len(kept)+len(expired) != 1 {
			rt.Fatalf("%v, %v", kept, expired)
		}
		if today <= later && a.Expired(today) && !a.Expired(later) {
			rt.Fatalf("%+v expires on %s and not on %s", a, today, later)
		}
		if a.Expires != "" {
			last, _ := time.Parse(DateForm, a.Expires)
			now, _ := time.Parse(DateForm, today)
			if a.Expired(today) != now.After(last) {
				rt.Fatalf("%+v on %s: %v", a, today, a.Expired(today))
			}
		}
	})
}

// FuzzCheckEmail: an address that is accepted can be put into a filter or a table as it is.
func FuzzCheckEmail(f *testing.F) {
	for _, s := range []string{"a@b.c", "a|b@c.d", "a@b.c,d@e.f", "a@b\n.c", "*@x.y"} {
		f.Add(s)
	}
	safe := regexp.MustCompile(`^[!-~]+@[a-zA-Z0-9.-]+$`)
	f.Fuzz(func(t *testing.T, email string) {
		defer fuzzing.Timed(t)()
		if CheckEmail(email) == nil && (!safe.MatchString(email) || strings.ContainsAny(email, `|,;:*<>()[]"\`+"`")) {
			t.Errorf("%q is accepted", email)
		}
	})
}
