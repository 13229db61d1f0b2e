package lint

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/role"
)

func place(file string, line, column int) diag.Position {
	return diag.Position{File: file, Line: line, Column: column}
}

// allowing makes an Allow of codes that stand at line 1, one after the other.
func allowing(a manifest.Allow, codes ...string) manifest.Allow {
	for i, c := range codes {
		a.Codes = append(a.Codes, manifest.AllowedCode{Code: c, Pos: place("a.yaml", 1, 10*(i+1)), Length: len(c)})
	}
	return a
}

// comment is an Allow of a whole file but its first line.
func comment(codes ...string) manifest.Allow {
	return allowing(manifest.Allow{Comment: true, Own: true, Pos: place("a.yaml", 1, 1), From: role.Pos{Line: 2, Column: 1}, To: role.Pos{Line: 99, Column: 1}}, codes...)
}

func town() Files {
	source := func(file string, line int) role.HolderSource {
		return role.HolderSource{File: file, Pos: role.Pos{Line: line, Column: 1}}
	}
	return Files{
		Roles: []role.Desired{
			{Role: role.Role{Key: "late"}, Source: role.Source{File: "a.yaml", Pos: role.Pos{Line: 20, Column: 1}}},
			{Role: role.Role{Key: "early"}, Source: role.Source{File: "a.yaml", Pos: role.Pos{Line: 5, Column: 1}}},
		},
		Teams:   []role.DesiredTeam{{Key: "early", Source: source("b.yaml", 1)}},
		Members: []role.DesiredMember{{Email: "Ana@Example.com", Source: source("a.yaml", 30)}},
	}
}

func TestSuppress(t *testing.T) {
	found := []diag.Finding{
		{Code: "LD105", Severity: diag.Info, Pos: place("a.yaml", 7, 3)},
		{Code: "LD105", Severity: diag.Info, Pos: place("a.yaml", 20, 1)},
		{Code: "LD105", Severity: diag.Info, Pos: place("a.yaml", 34, 3)},
		{Code: "LD105", Severity: diag.Info, Pos: place("b.yaml", 2, 1)},
		{Code: "LD105", Severity: diag.Info},
		{Code: "LD102", Severity: diag.Info, Pos: place("a.yaml", 7, 3)},
	}
	for name, test := range map[string]struct {
		in      Suppression
		allowed []int    // of found
		told    []string // about what allows
	}{
		"nothing":               {Suppression{}, nil, nil},
		"a comment":             {Suppression{Allows: []manifest.Allow{comment("LD105")}}, []int{0, 1, 2}, nil},
		"two codes":             {Suppression{Allows: []manifest.Allow{comment("LD105", "LD102")}}, []int{0, 1, 2, 5}, nil},
		"two comments":          {Suppression{Allows: []manifest.Allow{comment("LD105"), comment("LD105")}}, []int{0, 1, 2}, nil},
		"a role":                {Suppression{Allows: []manifest.Allow{allowing(manifest.Allow{Roles: []string{"ear*"}}, "LD105")}}, []int{0}, nil},
		"the first place of it": {Suppression{Allows: []manifest.Allow{allowing(manifest.Allow{Roles: []string{"late"}}, "LD105")}}, []int{1}, nil},
		"a team":                {Suppression{Allows: []manifest.Allow{allowing(manifest.Allow{Teams: []string{"early"}}, "LD105")}}, []int{3}, nil},
		"a member":              {Suppression{Allows: []manifest.Allow{allowing(manifest.Allow{Members: []string{"*@EXAMPLE.com"}}, "LD105")}}, []int{2}, nil},
		"everybody":             {Suppression{Allows: []manifest.Allow{allowing(manifest.Allow{Roles: []string{"*"}, Teams: []string{"*"}, Members: []string{"*"}}, "LD105")}}, []int{0, 1, 2, 3}, nil},
		"no such role": {
			Suppression{Allows: []manifest.Allow{allowing(manifest.Allow{Roles: []string{"nobody"}}, "LD105")}},
			nil,
			[]string{"1:10+5 warning allow/unused: LD105 is allowed here and finds nothing"},
		},
		"expired": {
			Suppression{Allows: []manifest.Allow{func() manifest.Allow {
				a := comment("LD105", "LD102")
				a.Expired, a.Until, a.UntilPos = true, "2020-01-01", place("a.yaml", 1, 40)
				return a
			}()}},
			nil,
			[]string{"1:40+10 warning allow/expired: LD105, LD102 was allowed until 2020-01-01: what it finds is reported again"},
		},
		"of no use": {
			Suppression{Allows: []manifest.Allow{comment("LD105", "LD104")}},
			[]int{0, 1, 2},
			[]string{"1:20+5 warning allow/unused: LD104 is allowed here and finds nothing"},
		},
		"did not run":     {Suppression{Allows: []manifest.Allow{comment("LD119", "LD104")}, NotRun: []string{"LD104", "LD119"}}, nil, nil},
		"unsound":         {Suppression{Allows: []manifest.Allow{comment("LD104")}, Unsound: true}, nil, nil},
		"no such rule":    {Suppression{Allows: []manifest.Allow{comment("LD1050")}}, nil, []string{`1:10+6 warning allow/code: there is no lint rule "LD1050" to allow`}},
		"wrong case":      {Suppression{Allows: []manifest.Allow{comment("ld105")}}, nil, []string{`1:10+5 warning allow/code: there is no lint rule "ld105" to allow`}},
		"what is refused": {Suppression{Allows: []manifest.Allow{comment("LD001")}}, nil, []string{`1:10+5 error allow/code: LD001 cannot be allowed: LaunchDarkly refuses what it finds`}},
	} {
		t.Run(name, func(t *testing.T) {
			test.in.Findings, test.in.Files = found, town()
			got := Suppress(test.in)
			var kept, allowed []diag.Finding
			for i, f := range found {
				if slices.Contains(test.allowed, i) {
					allowed = append(allowed, f)
				} else {
					kept = append(kept, f)
				}
			}
			var told []string
			for _, f := range got.Findings {
				if strings.HasPrefix(f.Code, "LD") {
					if len(kept) == 0 || !slices.ContainsFunc(kept, func(k diag.Finding) bool { return k.Pos == f.Pos && k.Code == f.Code }) {
						t.Errorf("%v is reported", f)
					}
					continue
				}
				if f.Hint == "" {
					t.Errorf("%v has no hint", f)
				}
				told = append(told, fmt.Sprintf("%d:%d+%d %s %s: %s", f.Pos.Line, f.Pos.Column, f.Length, f.Severity, f.Code, f.Message))
			}
			if len(got.Findings) != len(kept)+len(told) {
				t.Errorf("%d findings, want %d", len(got.Findings), len(kept)+len(told))
			}
			if diff := cmp.Diff(test.told, told); diff != "" {
				t.Error(diff)
			}
			var by []diag.Finding
			for _, a := range got.Allowed {
				by = append(by, a.Finding)
			}
			if diff := cmp.Diff(allowed, by); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestSuppressRefused: what LD001 finds stays, and while it does nobody is told that an Allow is of no
// use: the rules that prove things have passed over that role.
func TestSuppressRefused(t *testing.T) {
	refused := diag.Finding{Code: "LD001", Severity: diag.Error, Pos: place("a.yaml", 7, 3)}
	got := Suppress(Suppression{Findings: []diag.Finding{refused}, Allows: []manifest.Allow{comment("LD001", "LD105")}, Files: town()})
	if len(got.Allowed) > 0 || len(got.Findings) != 2 || got.Findings[0].Code != "allow/code" || got.Findings[1].Code != "LD001" {
		t.Errorf("%v", got)
	}
}

func TestNearestCode(t *testing.T) {
	for code, want := range map[string]string{"LD1055": "LD105", "ld105": "LD105", "": "", "XX999": "", "LD05": "LD005"} {
		if got := NearestCode(code); got != want {
			t.Errorf("NearestCode(%q) = %q, want %q", code, got, want)
		}
	}
}

// Suppress loses and invents no finding of a rule, and what it sets apart is covered.
func TestSuppressLaw(t *testing.T) {
	codes := rapid.SampledFrom([]string{"LD001", "LD102", "LD105"})
	findings := rapid.SliceOf(rapid.Custom(func(t *rapid.T) diag.Finding {
		return diag.Finding{Code: codes.Draw(t, "code"), Severity: diag.Info, Pos: place("a.yaml", rapid.IntRange(0, 40).Draw(t, "line"), 1)}
	}))
	allows := rapid.SliceOf(rapid.Custom(func(t *rapid.T) manifest.Allow {
		a := comment(codes.Draw(t, "code"))
		a.From.Line, a.To.Line = rapid.IntRange(1, 40).Draw(t, "from"), rapid.IntRange(1, 40).Draw(t, "to")
		a.Expired = rapid.Bool().Draw(t, "expired")
		return a
	}))
	rapid.Check(t, func(t *rapid.T) {
		in := Suppression{Findings: findings.Draw(t, "findings"), Allows: allows.Draw(t, "allows"), Files: town()}
		got := Suppress(in)
		n := len(got.Allowed)
		for _, f := range got.Findings {
			if strings.HasPrefix(f.Code, "LD") {
				n++
			}
		}
		if n != len(in.Findings) {
			t.Fatalf("%d findings, %d afterwards", len(in.Findings), n)
		}
		for _, a := range got.Allowed {
			if a.Code == "LD001" || a.By.Expired || !a.By.Covers(a.Pos) || a.By.Codes[0].Code != a.Code {
				t.Fatalf("%v is allowed by %v", a.Finding, a.By)
			}
		}
	})
}
