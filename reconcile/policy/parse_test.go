package policy

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// accepted are specifiers from LaunchDarkly's documentation and from what its clients' tests
// store, with their kind.
var accepted = map[string]string{
	"acct":                                "acct",
	"ip-allowlist":                        "ip-allowlist",
	"ip-allowlist/*":                      "ip-allowlist",
	"proj/*":                              "proj",
	"proj/sandbox-*":                      "proj",
	"proj/*;a,b":                          "proj",
	"member/ana@example.com":              "member",
	"member/*:token/*":                    "member:token",
	"proj/*:env/production":               "proj:env",
	"proj/*:env/*;{critical:true}:flag/*": "proj:env:flag",
	"proj/*;a:env/*;b:flag/*;c":           "proj:env:flag",
	"proj/*:env/*:flag/*;qa_*":            "proj:env:flag",
	"proj/p:env/*;{critical:true}:flag/*;view:${roleAttribute/viewKeys}": "proj:env:flag",
	"proj/*:env/*:flag/*;view:checkout,beta":                             "proj:env:flag",
	"proj/*:env/*:flag/*;${roleAttribute/tag}":                           "proj:env:flag",
	"proj/${roleAttribute/p}:env/${roleAttribute/e}:segment/*":           "proj:env:segment",
	"proj/a-${roleAttribute/x}-*":                                        "proj",
	"proj/*:env/*:aiconfig/*":                                            "proj:env:aiconfig",
	"proj/*:aiconfig/*":                                                  "proj:aiconfig",
	"proj/*:agent-graphs/*":                                              "proj:agent-graphs",
	"proj/*:metric/m.1_x-2":                                              "proj:metric",
	"proj/*:env/*;{colour:red}":                                          "proj:env",
	"proj/*:env/*;view":                                                  "proj:env", // a tag of that name
	"proj/*:env/*;critical":                                              "proj:env", // so is this
	"proj/*:env/*;critical:trueish/*":                                    "proj:env:trueish",
	// Unknown types, which LaunchDarkly may have added since.
	"foo/*":                   "foo",
	"foo":                     "foo",
	"proj/x:foo-2/*;a":        "proj:foo-2",
	"foo/*:bar/x":             "foo:bar",
	"project/x:environment/y": "project:environment",
}

func TestParseAccepts(t *testing.T) {
	for text, kind := range accepted {
		spec, err := Parse(text)
		if err != nil {
			t.Errorf("Parse(%q): %v", text, err)
			continue
		}
		if got := spec.String(); got != text {
			t.Errorf("Parse(%q) prints %q", text, got)
		}
		if got := spec.Kind(); got != kind {
			t.Errorf("Parse(%q).Kind() = %q, want %q", text, got, kind)
		}
		if got, want := spec.Type(), lastType(kind); got != want {
			t.Errorf("Parse(%q).Type() = %q, want %q", text, got, want)
		}
	}
}

func TestParseModel(t *testing.T) {
	got, err := Parse("acct")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Specifier{[]Segment{{Type: "acct"}}}, got); diff != "" {
		t.Error(diff)
	}
	got, err = Parse("proj/a-*:env/*;{critical:true},beta:flag/${roleAttribute/f};view:v,x_*")
	if err != nil {
		t.Fatal(err)
	}
	want := Specifier{[]Segment{
		{Type: "proj", HasName: true, Name: "a-*"},
		{Type: "env", HasName: true, Name: "*", Selectors: []Selector{Property{"critical", "true"}, Tag("beta")}},
		{Type: "flag", HasName: true, Name: "${roleAttribute/f}", Selectors: []Selector{View("v"), Tag("x_*")}},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// refused are texts that are no specifiers: where the first mistake is, what is said of it (in
// part), and what is suggested.
var refused = []struct {
	text       string
	offset     int
	message    string
	suggestion string
}{
	{"", 0, "is empty", ""},
	{"*", 0, `"*" is no resource type`, "proj/*"},
	{"*;a", 0, `"*" is no resource type`, "proj/*;a"},
	{"*/*:*/*", 0, `"*" is no resource type`, "proj/*:env/*:flag/*"},
	{"proj/x:*", 7, "one specifier for each type", "proj/x:env/*:flag/*"},
	{"proj/x:env/y:*", 13, "one specifier for each type", "proj/x:env/y:flag/*"},
	{"proj/*:*/*", 7, `"*" is no resource type`, "proj/*:env/*:flag/*"},
	{"member/*:*", 9, `"*" is no resource type`, "member/*:token/*"},
	{"team/*:*", 7, `"*" is no resource type`, ""},
	// Empty parts.
	{"proj/", 5, `the name after "proj/" is empty`, "proj/*"},
	{"proj/;a", 5, "is empty", "proj/*;a"},
	{"proj/,a", 5, "is empty", "proj/*;a"},
	{"proj/*:env/:flag/*;managed", 11, "is empty", "proj/*:env/*:flag/*;managed"},
	{"proj/*:env/*:", 12, `nothing follows the ":"`, "proj/*:env/*"},
	{":proj/*", 0, "no resource type before", "proj/*"},
	{"proj/*::env/*", 7, "no resource type before", "proj/*:env/*"},
	{";a", 0, `no resource type before ";"`, ""},
	{"proj/*;", 6, `no selector after ";"`, "proj/*"},
	{"proj/*;a,", 8, `no selector after ","`, "proj/*;a"},
	{"proj/*;,a", 6, `no selector after ";"`, "proj/*;a"},
	{"proj/*;a,:env/*", 8, "no selector after", "proj/*;a:env/*"},
	{"proj/*:env/*:flag/*;view:", 25, "no view after", ""},
	// Separators.
	{"/proj/*", 0, `"/" where a resource type`, "proj/*"},
	{"proj/*:env/*;qa_*:/flag/*", 18, `"/" where a resource type`, "proj/*:env/*;qa_*:flag/*"},
	{"proj/sandbox:env/segment/*", 24, `a name cannot hold "/"`, "proj/sandbox:env/*:segment/*"},
	{"proj/web/env/production/flag/*", 8, `a name cannot hold "/"`, "proj/web:env/production:flag/*"},
	{"proj/*:env/${roleAttribute/e}/flag/*", 29, `a name cannot hold "/"`, ""},
	{"proj/*,a", 6, `begin with ";"`, "proj/*;a"},
	{"proj/*;a;b", 8, `joined with ","`, "proj/*;a,b"},
	{"proj/*:env/*{critical:true}", 12, `no ";" before`, "proj/*:env/*;{critical:true}"},
	{"proj/*:env/*;a/b", 14, `"/" cannot stand in a resource specifier`, ""},
	{"proj/*:env/*;/b", 13, `"/" cannot stand in a tag`, ""},
	{"proj/*:env/*;a{", 14, `"{" cannot stand`, ""},
	{"proj/*;view:env/*", 15, "a view's key cannot hold", ""},
	// Properties.
	{"proj/*:env/*;{}", 14, "no property", ""},
	{"proj/*:env/*;{critical}", 22, `property "critical" has no value`, "proj/*:env/*;{critical:true}"},
	{"proj/*:env/*;{critical:}", 23, `property "critical" has no value`, "proj/*:env/*;{critical:true}"},
	{"proj/*:env/*;critical:true:flag/*", 13, `in braces, "{critical:true}"`, "proj/*:env/*;{critical:true}:flag/*"},
	{"proj/*:env/*;a,critical:false,b", 15, `in braces, "{critical:false}"`, "proj/*:env/*;a,{critical:false},b"},
	{"proj/*:env/*;critical:false", 13, `in braces, "{critical:false}"`, "proj/*:env/*;{critical:false}"},
	{"proj/*:env/*;{critical=false}", 22, `not with "="`, "proj/*:env/*;{critical:false}"},
	{"proj/*:env/*;{critical:true:flag/*", 13, "is not closed", "proj/*:env/*;{critical:true}:flag/*"},
	{"proj/*:env/*;{critical:true", 13, "is not closed", "proj/*:env/*;{critical:true}"},
	// Role attributes.
	{"proj/${roleAttribute/x", 5, "is not closed", "proj/${roleAttribute/x}"},
	{"proj/${roleAttribute/x:env/*", 5, "is not closed", "proj/${roleAttribute/x}:env/*"},
	{"proj/${projects}", 5, "a role attribute is written", "proj/${roleAttribute/projects}"},
	{"proj/${roleattribute/x}:env/*", 5, "a role attribute is written", "proj/${roleAttribute/x}:env/*"},
	{"proj/${roleAttribute/a/b}", 5, "a role attribute is written", "proj/${roleAttribute/b}"},
	{"proj/${roleAttribute/}", 5, "a role attribute is written", ""},
	{"proj/$${roleAttribute/x}", 5, "Terraform", "proj/${roleAttribute/x}"},
	{"proj/$(curl evil)", 5, `"$" can only begin a role attribute`, ""},
	{"proj/*;$x", 7, `"$" can only begin a role attribute`, ""},
	// Wildcards and characters.
	{"proj/**", 6, `"**"`, "proj/*"},
	{"proj/a****", 7, `"**"`, "proj/a*"},
	{"proj/a?", 6, `"*" is the only one`, "proj/a*"},
	{"proj/* :env/*", 6, "a blank in the name", "proj/*:env/*"},
	{" proj/*", 0, "a blank in the resource type", "proj/*"},
	{"proj/*\t", 6, "a blank in the name", "proj/*"},
	{"proj/*\n", 6, "control character (U+000A)", "proj/*"},
	{"proj/\uff0a", 5, `U+FF0A`, "proj/*"},
	{"proj\u2215*:env/qa:flag/*", 4, "U+2215", "proj/*:env/qa:flag/*"},
	{"proj/caf\u00e9", 8, "is not ASCII", ""},
	{"proj/\xff", 5, "not UTF-8", ""},
	{`proj/"web"`, 5, "a quote in the name", "proj/web"},
	{`proj/a\b`, 6, `"\\" cannot stand in a name`, ""},
	{"proj/*:env/*;a@b", 14, `"@" cannot stand in a tag`, ""},
	{"proj/*:env/*:flag/*;view:a@b", 26, `"@" cannot stand in a view`, ""},
	// Types.
	{"Flag/*", 0, "lower-case words", "proj/*:env/*:flag/*"},
	{"aiConfig/*", 0, "lower-case words", "proj/*:env/*:aiconfig/*"},
	{"service_token/*", 0, "lower-case words", "service-token/*"},
	{"Some_New_Thing/*", 0, "lower-case words", "some-new-thing/*"},
	{"-x/*", 0, "lower-case words", ""},
	{"p*/x", 0, "lower-case words", ""},
	{"flag/*", 0, `"proj/…:env/…:flag/…"`, "proj/*:env/*:flag/*"},
	{"proj/x:flag/*", 7, `type "flag" cannot stand here`, "proj/x:env/*:flag/*"},
	{"env/prod:proj/web:flag/*", 0, `type "env" cannot stand here`, "proj/web:env/prod:flag/*"},
	{"proj/x:env/y:metric/m", 13, `"proj/…:metric/…"`, "proj/x:metric/m"},
	{"proj/x:proj/y", 7, `type "proj" cannot stand here`, "proj/y"},
	{"foo/*:flag/*", 6, `type "flag" cannot stand here`, "proj/*:env/*:flag/*"},
	{"token/*", 0, `"member/…:token/…"`, "member/*:token/*"},
	{"proj", 4, `type "proj" needs a name`, "proj/*"},
	{"proj;a", 4, `type "proj" needs a name`, "proj/*;a"},
	{"proj:env/x", 4, `type "proj" needs a name`, "proj/*:env/x"},
	{"acct/*", 4, `type "acct" takes no name`, "acct"},
	{"proj/" + strings.Repeat(" ", maxRepairs+1), 5, "a blank", ""}, // no slip
}

func TestParseRefuses(t *testing.T) {
	for _, c := range refused {
		_, err := Parse(c.text)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("Parse(%q): error %v, want a SyntaxError", c.text, err)
			continue
		}
		if syntax.Text != c.text || syntax.Offset != c.offset || !strings.Contains(syntax.Message, c.message) || syntax.Suggestion != c.suggestion {
			t.Errorf("Parse(%q):\n got %d %q, suggestion %q\nwant %d %q, suggestion %q", c.text,
				syntax.Offset, syntax.Message, syntax.Suggestion, c.offset, c.message, c.suggestion)
		}
		if strings.HasSuffix(syntax.Message, ".") {
			t.Errorf("Parse(%q): message %q ends in a full stop", c.text, syntax.Message)
		}
	}
	t.Logf("%d texts refused", len(refused))
}

func TestSyntaxErrorText(t *testing.T) {
	_, err := Parse("proj/")
	if got, want := err.Error(), `resource specifier "proj/", byte 5: the name after "proj/" is empty`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestOptions(t *testing.T) {
	bare, typos := Options{AllowBareStar: true}, Options{LenientTypos: true}
	property, known := Options{RefuseUnknownProperty: true}, Options{RefuseUnknownType: true}
	for _, c := range []struct {
		text       string
		options    Options
		ok         bool
		suggestion string
	}{
		{"*", bare, true, ""},
		{"proj/x:*", bare, false, "proj/x:env/*:flag/*"},
		{"proj/*:env/*;qa_*:/flag/*", typos, true, ""},
		{"proj/*:env/:flag/*;managed", typos, true, ""},
		{"proj/sandbox:env/segment/*", typos, true, ""},
		{"proj/a//b", typos, true, ""},
		{"*", typos, false, "proj/*"},
		{"proj/:env/ ", typos, false, "proj/*:env/*"}, // what is suggested is not lenient
		{"proj/*:env/*;{critical:true}", property, true, ""},
		{"proj/*:env/*;{colour:red}", property, false, ""},
		{"proj/*;{critical:true}", property, false, ""},
		{"foo/*;{critical:true}", property, false, ""},
		{"proj/*:env/*:flag/*", known, true, ""},
		{"foo/*", known, false, ""},
		{"project/*", known, false, "proj/*"},
		{"proj/*:environment/x:flags/*", known, false, "proj/*:env/x:flag/*"},
	} {
		spec, err := ParseWith(c.text, c.options)
		if (err == nil) != c.ok {
			t.Errorf("ParseWith(%q, %+v): error %v", c.text, c.options, err)
		}
		var syntax *SyntaxError
		if errors.As(err, &syntax) && syntax.Suggestion != c.suggestion {
			t.Errorf("ParseWith(%q, %+v): suggestion %q, want %q", c.text, c.options, syntax.Suggestion, c.suggestion)
		}
		if err == nil && spec.String() != c.text {
			t.Errorf("ParseWith(%q, %+v) prints %q", c.text, c.options, spec)
		}
	}
}

// TestTyposMatchNothing shows why a lenient parser may take the slips: no key fits them.
func TestTyposMatchNothing(t *testing.T) {
	for _, text := range []string{"proj/*:env/:flag/*", "proj/sandbox:env/segment/*"} {
		spec, err := ParseWith(text, Options{LenientTypos: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"production", "segment", "x"} {
			if spec.Segments[1].Name.Match(key) {
				t.Errorf("%q matches environment %q", text, key)
			}
		}
	}
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse("proj/web:env/*;{critical:true}:flag/pay-*;a,b"); err != nil {
			b.Fatal(err)
		}
	}
}
