package manifest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/manifest/layout"
	"github.com/rolewright/rolewright/reconcile/role"
)

// allowing is a role with a comment at TOP, STATEMENT, BEHIND and END.
const allowing = `TOP
kind: Role
key: a
name: A
basePermissions: no_access
policy:
  STATEMENT
  - effect: allow
    actions: [viewProject] BEHIND
    resources:
      - "proj/*"
      - "proj/b" ELEMENT
  END
`

// with returns the file with comments at marks; the other marks are left out with their lines.
func with(comments map[string]string) string {
	var out []string
	for _, line := range strings.Split(allowing, "\n") {
		for _, mark := range []string{"TOP", "STATEMENT", "BEHIND", "ELEMENT", "END"} {
			line = strings.ReplaceAll(line, mark, comments[mark])
		}
		if strings.TrimSpace(line) != "" {
			out = append(out, strings.TrimRight(line, " "))
		}
	}
	return strings.Join(out, "\n") + "\n"
}

func drawnAllow(a Allow) string {
	var b strings.Builder
	for _, c := range a.Codes {
		fmt.Fprintf(&b, "%s@%d:%d+%d ", c.Code, c.Pos.Line, c.Pos.Column, c.Length)
	}
	if a.Until != "" {
		fmt.Fprintf(&b, "until %s@%d:%d ", a.Until, a.UntilPos.Line, a.UntilPos.Column)
	}
	if a.Expired {
		b.WriteString("expired ")
	}
	fmt.Fprintf(&b, "%q", a.Reason)
	return b.String()
}

// TestAllowComment: what a comment says, and what it covers: S is the statement, A its action, P and
// B its resources, N the name.
func TestAllowComment(t *testing.T) {
	places := map[string]diag.Position{}
	for name, test := range map[string]struct {
		mark, comment, want, covers string
	}{
		"a document":      {"TOP", "# rolewright:allow LD105: why", `LD105@1:20+5 "why"`, "NSAPB"},
		"a statement":     {"STATEMENT", "# rolewright:allow LD105, LD102 : why not", `LD105@6:22+5 LD102@6:29+5 "why not"`, "SAPB"},
		"a line":          {"BEHIND", "# rolewright:allow LD001 LD2: a: b", `LD001@7:47+5 LD2@7:53+3 "a: b"`, "A"},
		"an element":      {"ELEMENT", "#rolewright:allow LD105 until 2027-01-01: why", `LD105@10:36+5 until 2027-01-01@10:48 "why"`, "B"},
		"the last day":    {"ELEMENT", "# rolewright:allow LD105 until 2026-11-23: why", `LD105@10:37+5 until 2026-11-23@10:49 "why"`, "B"},
		"the day after":   {"ELEMENT", "# rolewright:allow LD105 until 2026-11-22: why", `LD105@10:37+5 until 2026-11-22@10:49 expired "why"`, "B"},
		"a code as it is": {"ELEMENT", "## rolewright:allow ld105:  wh\u00fd  ", `ld105@10:38+5 "wh` + "\u00fd" + `"`, "B"},
		"codes in codes":  {"ELEMENT", "# rolewright:allow LD1055 LD105: x", `LD1055@10:37+6 LD105@10:44+5 "x"`, "B"},
		"no space behind": {"ELEMENT", "# rolewright:allow LD105,LD102:x", `LD105@10:37+5 LD102@10:43+5 "x"`, "B"},
	} {
		t.Run(name, func(t *testing.T) {
			src := with(map[string]string{test.mark: test.comment})
			f := &file{name: "a.yaml"}
			f.judge([]byte(src), Options{Today: time.Date(2026, 11, 23, 23, 0, 0, 0, time.UTC)})
			if len(f.findings) > 0 || len(f.allows) != 1 {
				t.Fatalf("%v %v\n%s", f.findings, f.allows, src)
			}
			a, s := f.allows[0], f.roles[0].Source
			if got := drawnAllow(a); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			at := s.Policy[0]
			clear(places)
			for key, p := range map[string]struct{ Line, Column int }{
				"N": {s.Name.Line, s.Name.Column}, "S": {at.Line, at.Column}, "A": {at.Actions[0].Line, at.Actions[0].Column},
				"P": {at.Resources[0].Line, at.Resources[0].Column}, "B": {at.Resources[1].Line, at.Resources[1].Column},
			} {
				places[key] = diag.Position{File: "a.yaml", Line: p.Line, Column: p.Column}
			}
			covers := ""
			for _, key := range []string{"N", "S", "A", "P", "B"} {
				if a.Covers(places[key]) {
					covers += key
				}
				if other := places[key]; a.Covers(diag.Position{File: "b.yaml", Line: other.Line, Column: other.Column}) {
					t.Errorf("it covers %s in another file", key)
				}
			}
			if covers != test.covers {
				t.Errorf("it covers %s, want %s", covers, test.covers)
			}
			if a.Covers(diag.Position{File: "a.yaml"}) {
				t.Error("it covers a finding about the whole file")
			}
		})
	}
}

// TestAllowCommentRefused: a comment that is not understood is a finding, and allows nothing.
func TestAllowCommentRefused(t *testing.T) {
	for name, test := range map[string]struct{ mark, comment, want string }{
		"misspelt":           {"ELEMENT", "# rolewright:alow LD105: x", `10:18+26 warning allow/comment: unknown instruction "alow" in a comment to rolewright | did you mean "rolewright:allow"?`},
		"another linter's":   {"ELEMENT", "# rolewright:disable LD105: x", `10:18+29 warning allow/comment: unknown instruction "disable" in a comment to rolewright | did you mean "rolewright:allow"?`},
		"no verb":            {"ELEMENT", "# rolewright: made by hand", `10:18+26 warning`},
		"unknown verb":       {"ELEMENT", "# rolewright:launch", `10:18+19 warning allow/comment: unknown instruction "launch" in a comment to rolewright | the one instruction in a comment is "rolewright:allow"`},
		"space":              {"ELEMENT", "# rolewright: allow LD105: x", `10:18+28 warning allow/comment: unknown instruction "allow" in a comment to rolewright | did you mean "rolewright:allow"?`},
		"no colon":           {"ELEMENT", "# rolewright allow LD105: x", `10:18+27 warning allow/comment: the comment begins with "rolewright allow" and is read as a plain one | did you mean "rolewright:allow"?`},
		"misspelt tool":      {"ELEMENT", "# rolewrigth:allow LD105: x", `10:18+27 warning allow/comment: the comment begins with "rolewrigth:allow" and is read as a plain one | did you mean "rolewright:allow"?`},
		"upper case":         {"ELEMENT", "# Rolewright:allow LD105: x", `10:18+27 warning allow/comment`},
		"no code":            {"ELEMENT", "# rolewright:allow: x", `10:18+21 error allow/form: the comment allows a finding and names the code of no lint rule | ` + AllowHint},
		"nothing":            {"ELEMENT", "# rolewright:allow", `10:18+18 error allow/form`},
		"no code but a word": {"ELEMENT", "# rolewright:allow schema/type: x", `10:18+33 error allow/form`},
		"no reason":          {"ELEMENT", "# rolewright:allow LD105", `10:18+24 error allow/reason: the comment allows a finding and gives no reason | write a colon behind the codes, and the reason behind it`},
		"empty reason":       {"ELEMENT", "# rolewright:allow LD105:  ", `10:18+25 error allow/reason`},
		"reason, no colon":   {"ELEMENT", "# rolewright:allow LD105 because", `10:18+32 error allow/reason`},
		"another word":       {"ELEMENT", "# rolewright:allow LD105 for now: x", `10:43+3 error allow/form: "for" is neither the code of a lint rule nor "until" and a day | ` + AllowHint},
		"no day":             {"ELEMENT", "# rolewright:allow LD105 until: x", `10:43+5 error allow/date: no day follows "until" | write the year, the month and the day, as 2026-12-31`},
		"bad day":            {"ELEMENT", "# rolewright:allow LD105 until 2027-1-1: x", `10:49+8 error allow/date: "2027-1-1" is not a date of the form YYYY-MM-DD | write 2027-01-01`},
		"impossible day":     {"ELEMENT", "# rolewright:allow LD105 until 2027-02-30: x", `10:49+10 error allow/date: there is no day 2027-02-30 in the calendar | the last day of that month is 2027-02-28`},
		"at the end":         {"END", "# rolewright:allow LD105: x", `11:3+27 warning allow/place: the comment allows a finding and nothing follows it in its block | put it above what it is about, or behind it`},
		"far to the right":   {"ELEMENT", strings.Repeat(" ", 200) + "# rolewright:allow LD105: x", `10:218+27 error allow/place: the comment allows a finding in column 218, where nobody sees it | put it on a line of its own above`},
		"a word of the tool": {"ELEMENT", "# rolewright:allow LD105 r: x", `10:43+1 error allow/form: "r" is neither`},
		"a code in another":  {"ELEMENT", "# rolewright:allow LD1055, LD105 until x: x", `10:57+1 error allow/date`},
		"a hidden character": {"ELEMENT", "# rolewright:allow LD105: x\u200b", `10:45+1 error bytes/character`},
	} {
		t.Run(name, func(t *testing.T) {
			f := judgeFile("a.yaml", []byte(with(map[string]string{test.mark: test.comment})))
			var got []string
			for _, d := range f.findings {
				got = append(got, fmt.Sprintf("%d:%d+%d %s %s: %s | %s", d.Pos.Line, d.Pos.Column, d.Length, d.Severity, d.Code, d.Message, d.Hint))
			}
			if len(got) != 1 || !strings.HasPrefix(got[0], test.want) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
			if hidden := strings.HasPrefix(name, "a hidden"); len(f.allows) > 0 != hidden {
				t.Errorf("it allows %v", f.allows)
			}
		})
	}
}

// TestPlainComments are to nobody in particular.
func TestPlainComments(t *testing.T) {
	for _, comment := range []string{
		"# rolewright wrote this", "# rolewright export --all", "# see rolewright:allow LD105: x", "# roles: allow all",
		"# resources: ignore these", "# allow LD105: x", "# rolewright's page", "#",
	} {
		f := judgeFile("a.yaml", []byte(with(map[string]string{"TOP": comment})))
		if len(f.findings) > 0 || len(f.allows) > 0 {
			t.Errorf("%q: %v %v", comment, f.findings, f.allows)
		}
	}
	f := judgeFile("a.yaml", []byte(strings.Replace(allowed("x"), "name: A", `name: "# rolewright:allow LD105: x"`, 1)))
	if len(f.allows) > 0 {
		t.Error("a text allows a finding")
	}
}

func allowed(reason string) string {
	return with(map[string]string{"TOP": "# a comment, " + reason})
}

// TestUnreadComments: where comments cannot be told from text the file says so, once, unless it has
// errors anyway.
func TestUnreadComments(t *testing.T) {
	good := with(map[string]string{"ELEMENT": "# rolewright:allow LD105: x"})
	f := judgeFile("a.yaml", []byte(good+"...\n"))
	if len(f.findings) != 1 || f.findings[0].Code != "allow/unread" || f.findings[0].Pos.Line != 10 || len(f.allows) > 0 {
		t.Errorf("%v", f.findings)
	}
	f = judgeFile("a.yaml", []byte(good+"x: !y 1\n"))
	for _, d := range f.findings {
		if d.Code == "allow/unread" {
			t.Errorf("%v", f.findings)
		}
	}
	if len(f.findings) == 0 || len(f.allows) > 0 {
		t.Errorf("%v %v", f.findings, f.allows)
	}
}

const allowConfig = `version: 1
lint:
  administrative: [account-*]
  wide: ["* on proj/*"]
  allow:
    - {code: LD105, roles: [a*], until: 2026-11-22, reason: why }
    - code: LD102
      teams: [t]
      members: ["*@example.com"]
      reason: " because "
guards: {allowEscalation: [admin]}
`

func TestAllowConfig(t *testing.T) {
	root := tempWorkspace(t, map[string]string{ConfigFile: allowConfig, "a.yaml": with(map[string]string{"TOP": "# rolewright:allow LD1: x"})})
	w, findings, err := Load(root, Options{Today: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)})
	if err != nil || len(findings) > 0 {
		t.Fatal(err, findings)
	}
	var got []string
	for _, a := range w.Allows {
		got = append(got, fmt.Sprintf("%s %s %v %v %v", a.Pos, drawnAllow(a), a.Roles, a.Teams, a.Members))
	}
	want := []string{
		`a.yaml:1:1 LD1@1:20+3 "x" [] [] []`,
		`rolewright.yaml:6:7 LD105@6:14+5 until 2026-11-22@6:41 expired "why" [a*] [] []`,
		`rolewright.yaml:7:7 LD102@7:13+5 "because" [] [t] [*@example.com]`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if w.Allows[1].Covers(diag.Position{File: ConfigFile, Line: 6, Column: 7}) {
		t.Error("an element of lint.allow covers itself")
	}
	c := w.Config
	if diff := cmp.Diff([][]string{{"account-*"}, {"* on proj/*"}, {"admin"}}, [][]string{c.Lint.Administrative, c.Lint.Wide, c.Guards.AllowEscalation}); diff != "" {
		t.Error(diff)
	}
	for pointer, want := range map[string]string{"/lint/wide/0": "4:10", "/lint/administrative/0": "3:20", "/guards/allowEscalation/0": "11:28"} {
		if got := c.Pos[pointer]; fmt.Sprintf("%d:%d", got.Line, got.Column) != want {
			t.Errorf("%s is at %s, want %s", pointer, got, want)
		}
	}
}

func TestAllowConfigRefused(t *testing.T) {
	for name, test := range map[string]struct {
		element string
		want    []string
	}{
		"no reason":      {"{code: LD105, roles: [a]}", []string{"2:16 schema/required"}},
		"empty reason":   {`{code: LD105, roles: [a], reason: "  "}`, []string{"2:50 allow/reason"}},
		"not for anyone": {"{code: LD105, reason: x}", []string{"2:16 allow/whom"}},
		"for nobody":     {"{code: LD105, roles: [], reason: x}", []string{"2:16 allow/whom"}},
		"bad day":        {"{code: LD105, roles: [a], until: 2027-13-01, reason: x}", []string{"2:49 allow/date"}},
		"no day":         {"{code: LD105, roles: [a], until: soon, reason: x}", []string{"2:49 allow/date"}},
		"no code":        {"{roles: [a], reason: x}", []string{"2:16 schema/required"}},
		"bad code":       {"{code: ld105, roles: [a], reason: x}", []string{"2:23 schema/pattern"}},
		"misspelt day":   {"{code: LD105, roles: [a], untill: 2027-01-01, reason: x}", []string{"2:42 schema/unknown-key"}},
		"no mapping":     {"x", []string{"2:16 schema/type"}},
	} {
		t.Run(name, func(t *testing.T) {
			w, findings := load(t, map[string]string{ConfigFile: "version: 1\nlint: {allow: [" + test.element + "]}\n"})
			var got []string
			for _, f := range findings {
				got = append(got, fmt.Sprintf("%d:%d %s", f.Pos.Line, f.Pos.Column, f.Code))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("%v\n%s", findings, diff)
			}
			if len(w.Allows) > 0 && name != "bad code" && name != "misspelt day" {
				t.Errorf("it allows %v", w.Allows)
			}
		})
	}
}

// Whatever stands behind the tool's name, a comment gives one thing: an allowed finding with a
// reason, or a finding of its own, or nothing; and it never hides a finding of the file.
func TestAllowCommentLaw(t *testing.T) {
	word := rapid.SampledFrom([]string{"rolewright", "rolewrite", ":", " ", "allow", "alow", "LD105", "LD1", ",", "until", "2027-01-01", "2027-99-01", "x", "é", "#", "\t", "-"})
	rapid.Check(t, func(t *rapid.T) {
		comment := "# rolewright:" + strings.Join(rapid.SliceOfN(word, 0, 8).Draw(t, "words"), "")
		f := judgeFile("a.yaml", []byte(with(map[string]string{"ELEMENT": comment})))
		switch {
		case len(f.allows)+len(f.findings) != 1:
			t.Fatalf("%q: %v %v", comment, f.allows, f.findings)
		case len(f.allows) == 1 && (f.allows[0].Reason == "" || len(f.allows[0].Codes) == 0):
			t.Fatalf("%q: %v", comment, f.allows)
		}
	})
}

// TestAllowSurvivesLayout: what a comment covers is the same after the file was formatted.
func TestAllowSurvivesLayout(t *testing.T) {
	for _, mark := range []string{"TOP", "STATEMENT", "BEHIND", "ELEMENT"} {
		src := with(map[string]string{mark: "# rolewright:allow LD105: x"})
		src = strings.Replace(src, "kind: Role\nkey: a\nname: A\n", "name:   'A'\nkey: \"a\"\nkind: Role\n", 1)
		out, err := layout.Format([]byte(src))
		if err != nil || string(out) == src {
			t.Fatal(err)
		}
		if before, after := covered(t, src), covered(t, string(out)); before != after || before == "" {
			t.Errorf("%s: it covers %q, and %q once formatted\n%s", mark, before, after, out)
		}
	}
}

// covered returns which values of a file its one Allow covers.
func covered(t *testing.T, src string) (values string) {
	t.Helper()
	f := judgeFile("a.yaml", []byte(src))
	if len(f.allows) != 1 {
		t.Fatalf("%v\n%s", f.findings, src)
	}
	s := f.roles[0].Source
	for name, p := range map[string]role.Pos{"Statement": s.Policy[0].Pos, "Action": s.Policy[0].Actions[0], "first": s.Policy[0].Resources[0], "second": s.Policy[0].Resources[1]} {
		if f.allows[0].Covers(diag.Position{File: "a.yaml", Line: p.Line, Column: p.Column}) {
			values += name[:1]
		}
	}
	runes := []byte(values)
	slices.Sort(runes)
	return string(runes)
}
