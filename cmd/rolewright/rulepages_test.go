package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/lint"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/people"
	"github.com/rolewright/rolewright/reconcile/report"
	"github.com/rolewright/rolewright/reconcile/role"
)

const rulesFolder = "../../reconcile/lint/rules"

// TestRulePages makes the page of every rule anew, from what the program says of the rule's examples,
// and compares it with the one in the repository; with -update it writes them. The bad example shows
// what the rule reports, the good one gives no finding of the rule and no error.
func TestRulePages(t *testing.T) {
	rules := lint.Rules()
	want := map[string]string{"README.md": lint.RuleIndex(rules)}
	for _, rule := range rules {
		t.Run(rule.Code, func(t *testing.T) {
			mark := "[" + rule.Code + "]"
			bad, good := example(t, rule, rule.Bad), example(t, rule, rule.Good)
			if !strings.Contains(bad, mark) {
				t.Errorf("the bad example does not show it:\n%s", bad)
			}
			if strings.Contains(good, mark) || strings.Contains(good, ": error: ") {
				t.Errorf("the good example is not good:\n%s", good)
			}
			want[rule.Code+".md"] = lint.RulePage(rule, bad)
		})
	}
	if *update {
		writePages(t, want)
	}
	comparePages(t, want)
}

func writePages(t *testing.T, pages map[string]string) {
	t.Helper()
	if err := os.RemoveAll(rulesFolder); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(rulesFolder, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range pages {
		if err := os.WriteFile(filepath.Join(rulesFolder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func comparePages(t *testing.T, want map[string]string) {
	t.Helper()
	entries, err := os.ReadDir(rulesFolder)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(rulesFolder, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		got[e.Name()] = string(data)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the pages are not what the rules say (-want +got); run go generate ./reconcile/lint\n%s", diff)
	}
}

// example returns what the program prints for an example. Rules that need the account are asked as
// plan asks them: of the account in account.json, which is a [lint.Input] without files, or else of one that holds what the files say; two administrators are in it.
func example(t *testing.T, rule lint.Rule, archive string) string {
	t.Helper()
	dir := t.TempDir()
	if err := writeFile(dir, manifest.ConfigFile, []byte("version: 1\nmanage: {teams: {include: [\"*\"]}, members: {include: [\"*\"]}}\n")); err != nil {
		t.Fatal(err)
	}
	var account []byte
	files := lint.ExampleFiles(archive)
	if len(files) == 0 {
		t.Fatal("an example is missing")
	}
	for _, f := range files {
		if f.Name == "account.json" {
			account = []byte(f.Text)
			continue
		}
		if err := writeFile(dir, f.Name, []byte(f.Text)); err != nil {
			t.Fatal(err)
		}
	}
	if rule.Needs == lint.NeedsFiles {
		return validated(dir)
	}
	return judged(t, rule, dir, account)
}

// validated returns what validate prints.
func validated(dir string) string {
	var out, errs bytes.Buffer
	run(context.Background(), stdio{
		in: strings.NewReader(""), out: &out, err: &errs,
		getenv: func(string) string { return "" }, now: func() time.Time { return time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC) },
	}, []string{"validate", dir})
	return out.String() + errs.String()
}

// judged returns what is said of a workspace whose account is known.
func judged(t *testing.T, rule lint.Rule, dir string, account []byte) string {
	t.Helper()
	ws, findings, err := manifest.Load(dir, manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	in := lint.Input{People: accountOf(ws)}
	if account != nil {
		dec := json.NewDecoder(bytes.NewReader(account))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&in); err != nil {
			t.Fatal(err)
		}
	}
	if rule.Code != "LD211" { // which counts the administrators
		for _, email := range []string{"first@example.com", "second@example.com"} {
			in.People.Members = append(in.People.Members, role.LiveMember{Member: role.Member{Email: email, Role: "admin"}})
		}
	}
	c := reconcile.Judge(ws, findings, in)
	var out strings.Builder
	if err := report.Findings(&out, c.Findings, report.Options{}); err != nil {
		t.Fatal(err)
	}
	if len(c.Findings) > 0 {
		report.FindingsSummary(&out, c.Findings, report.Options{})
	}
	return out.String()
}

// accountOf is an account that holds what the files of a workspace say.
func accountOf(ws *manifest.Workspace) *people.Account {
	a := &people.Account{}
	for _, d := range ws.Roles {
		a.Roles = append(a.Roles, role.Live{Role: d.Role})
	}
	for _, d := range ws.Teams {
		team := role.LiveTeam{Team: role.Team{Key: d.Key, Name: d.Key, CustomRoles: keysOf(d.CustomRoles)}}
		if d.RoleAttributes != nil {
			team.RoleAttributes = *d.RoleAttributes
		}
		a.Teams = append(a.Teams, team)
	}
	for _, d := range ws.Members {
		member := role.LiveMember{Member: role.Member{Email: d.Email, Role: "no_access", CustomRoles: keysOf(d.CustomRoles)}}
		if d.Role != nil {
			member.Role = *d.Role
		}
		if d.RoleAttributes != nil {
			member.RoleAttributes = *d.RoleAttributes
		}
		a.Members = append(a.Members, member)
	}
	return a
}

func keysOf(list *[]role.Assignment) (keys []string) {
	if list == nil {
		return nil
	}
	for _, a := range *list {
		keys = append(keys, a.Role)
	}
	slices.Sort(keys)
	return keys
}
