package policy

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/internal/fuzzing"
)

func TestRequestString(t *testing.T) {
	req := Request{
		Action: "updateOn",
		Resource: []Part{
			{Type: "proj", Key: "web"},
			{Type: "env", Key: "production", Tags: []string{"eu"}, Properties: map[string]string{"critical": "true", "a": "b"}},
			{Type: "flag", Key: "checkout", Tags: []string{"pci", "beta"}, Views: []string{"cart"}},
		},
	}
	want := "updateOn on proj/web:env/production;eu,{a:b},{critical:true}:flag/checkout;pci,beta,view:cart"
	if got := req.String(); got != want {
		t.Errorf("%s", got)
	}
	if got := req.Kind(); got != "proj:env:flag" {
		t.Errorf("kind %q", got)
	}
	if got := ask("updateAccountOwner on acct").String(); got != "updateAccountOwner on acct" {
		t.Errorf("%s", got)
	}
}

func TestParseRequest(t *testing.T) {
	for _, c := range []struct {
		text     string
		actions  []string
		resource string
	}{
		{"updateOn on proj/web:env/staging:flag/*", []string{"updateOn"}, "proj/web:env/staging:flag/*"},
		{"updateOn, updateRules on proj/web:env/*:flag/*", []string{"updateOn", "updateRules"}, "proj/web:env/*:flag/*"},
		{" updateOn ,update*  on   acct ", []string{"updateOn", "update*"}, "acct"},
		{"* on proj/*:env/*;{critical:true}:flag/*", []string{"*"}, "proj/*:env/*;{critical:true}:flag/*"},
		{"launchRocket on role/*", []string{"launchRocket"}, "role/*"},                   // nothing near
		{"updateOn on proj/x:env/y", []string{"updateOn"}, "proj/x:env/y"},               // another type has it
		{"reviewThing on proj/p:ai-tool/x", []string{"reviewThing"}, "proj/p:ai-tool/x"}, // its actions are not known
		{"updateon on gizmo/x", []string{"updateon"}, "gizmo/x"},
	} {
		actions, spec, err := ParseRequest(c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if diff := cmp.Diff(c.actions, actions); diff != "" || spec.String() != c.resource {
			t.Errorf("%q: %q, %s", c.text, spec, diff)
		}
	}
}

func TestParseRequestRefuses(t *testing.T) {
	const want = `want "ACTION on SPECIFIER"`
	for _, c := range []struct {
		text       string
		offset     int
		message    string
		suggestion string
	}{
		{"", 0, want, ""},
		{"updateOn", 8, want, ""},
		{"updateOn on", 11, want, ""},
		{"on proj/*", 9, want, ""},
		{"updateOn proj/x:env/y:flag/z", 9, want, "updateOn on proj/x:env/y:flag/z"},
		{"updateOn  ON proj/x", 13, want, "updateOn on proj/x"},
		{"updateOn\ton\tproj/x", 12, want, "updateOn on proj/x"},
		{"updateon proj/x:flag/z", 9, want, "updateOn on proj/x:env/*:flag/z"},
		{"updateOn onto proj/x", 14, want, ""},
		{"updateon on proj/x:env/y:flag/z", 0, `unknown action "updateon", did you mean "updateOn"`, "updateOn on proj/x:env/y:flag/z"},
		{"updateOn, updteRules on proj/x:env/y:flag/z", 10, `unknown action "updteRules", did you mean "updateRules"`, "updateOn, updateRules on proj/x:env/y:flag/z"},
		{"updateon on proj/x:flag/z", 19, `type "flag" cannot stand here: it is written "proj/…:env/…:flag/…"`, "updateOn on proj/x:env/*:flag/z"},
		{"updateOn on *", 12, `a specifier names one kind of resource and "*" is no resource type: write one specifier for each type`, "updateOn on proj/*"},
		{"updateOn on  proj/é", 18, `U+00E9 "é" is not ASCII, and no key or tag can hold it`, ""},
		{
			strings.Repeat("updateon,", maxRepairs) + "updateon on proj/x", 0, `unknown action "updateon", did you mean "updateOn"`,
			"", // a text with so many mistakes is no slip
		},
		{
			strings.Repeat("updateon,", maxRepairs-1) + "updateon on proj/x", 0, `unknown action "updateon", did you mean "updateOn"`,
			strings.Repeat("updateOn,", maxRepairs-1) + "updateOn on proj/x",
		},
		{", on proj/x", 0, "there is no action", ""},
		{"updateOn, on proj/x", 9, "there is no action", ""},
		{"update it on proj/x", 6, `" " cannot stand in an action`, ""},
		{"updateOn, cré on proj/x", 12, `"é" cannot stand in an action`, ""},
		{"\u00a0updateOn on proj/x", 0, `"\u00a0" cannot stand in an action`, ""},
		{"updateOn, x\xff on proj/x", 11, `"\xff" cannot stand in an action`, ""},
	} {
		_, _, err := ParseRequest(c.text)
		var got *RequestError
		if !errors.As(err, &got) {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if diff := cmp.Diff(&RequestError{c.text, c.offset, c.message, c.suggestion}, got); diff != "" {
			t.Errorf("%q: %s", c.text, diff)
		}
	}
	_, _, err := ParseRequest("updateOn")
	if got := err.Error(); got != `request "updateOn", byte 8: want "ACTION on SPECIFIER"` {
		t.Error(got)
	}
}

// FuzzParseRequest: no text makes it panic or run on, and what it suggests can be read.
func FuzzParseRequest(f *testing.F) {
	f.Add("updateOn, update* on proj/x:env/y;{critical:true}:flag/z;a,view:v")
	f.Add("updateon proj/x:flag/z")
	f.Fuzz(func(t *testing.T, text string) {
		defer fuzzing.Timed(t)()
		_, _, err := ParseRequest(text)
		var got *RequestError
		switch {
		case err == nil:
			return
		case !errors.As(err, &got) || got.Offset < 0 || got.Offset > len(text) || got.Message == "":
			t.Fatalf("%q: %v", text, err)
		case got.Suggestion == "":
			return
		}
		if _, _, err := ParseRequest(got.Suggestion); err != nil || got.Suggestion == text {
			t.Fatalf("%q: suggests %q: %v", text, got.Suggestion, err)
		}
	})
}

func TestNewRequestRefuses(t *testing.T) {
	for _, c := range []struct{ action, resource, want string }{
		{"update*", "proj/x", `action "update*" stands for many: name one`},
		{"updateOn", "proj/x*", `"x*" in "proj/x*" stands for many: name one`},
		{"updateOn", "proj/x;a*", `"a*" in "proj/x;a*" stands for many: name one`},
		{"updateOn", "proj/x:env/e:flag/f;view:*", `"*" in "proj/x:env/e:flag/f;view:*" stands for many: name one`},
		{"updateOn", "proj/${roleAttribute/x}", `"${roleAttribute/x}" in "proj/${roleAttribute/x}" stands for many: name one`},
	} {
		spec, err := Parse(c.resource)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := NewRequest(c.action, spec); err == nil || err.Error() != c.want {
			t.Errorf("%s on %s: %v", c.action, c.resource, err)
		}
	}
}

// TestLawRequestRoundTrip: what a request prints reads back as the same request.
func TestLawRequestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawRequest(t)
		want.Environments = nil
		actions, spec, err := ParseRequest(want.String())
		if err != nil {
			t.Fatal(err)
		}
		got, err := NewRequest(actions[0], spec)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}
