package access

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

var updateDescribed = flag.Bool("update", false, "write the golden files of descriptions")

// subjectOf reads a role, one statement a line: "deny not review, apply on proj/*:env/*:flag/*",
// with "not" for notActions and notResources; "reader" for base permissions.
func subjectOf(text string, symbolic bool) Subject {
	r := role.Role{Key: "r", BasePermissions: role.NoAccess}
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		line = strings.TrimSpace(line)
		switch line {
		case "":
		case "reader":
			r.BasePermissions = role.Reader
		default:
			r.Policy = append(r.Policy, statementOf(line))
		}
	}
	return Subject{Held: []policy.Held{{Role: r}}, Symbolic: symbolic}
}

func statementOf(line string) role.Statement {
	effect, rest, _ := strings.Cut(line, " ")
	actions, resources, _ := strings.Cut(rest, " on ")
	s := role.Statement{Effect: role.Effect(effect)}
	if list, not := strings.CutPrefix(actions, "not "); not {
		s.NotActions = strings.Split(list, ", ")
	} else {
		s.Actions = strings.Split(actions, ", ")
	}
	if list, not := strings.CutPrefix(resources, "not "); not {
		s.NotResources = strings.Split(list, " + ")
	} else {
		s.Resources = strings.Split(resources, " + ")
	}
	return s
}

// worked are the examples of what a change does to access, as people meet it.
var worked = []struct{ name, note, before, after string }{
	{
		name: "vendor-two-notresources",
		note: `"all flags except those tagged tag1 or tag2", as the vendor's page writes it`,
		after: `allow * on not proj/*:env/*:flag/*;tag1
			allow * on not proj/*:env/*:flag/*;tag2`,
	},
	{
		name: "vendor-two-notresources-meant",
		note: "the same, against what the prose means",
		before: `allow viewProject on proj/*
			allow * on proj/*:env/*:flag/*
			deny * on proj/*:env/*:flag/*;tag1 + proj/*:env/*:flag/*;tag2`,
		after: `allow * on not proj/*:env/*:flag/*;tag1
			allow * on not proj/*:env/*:flag/*;tag2`,
	},
	{
		name: "deny-notactions",
		note: `"members can't review or apply": the deny does the reverse`,
		before: `allow viewProject on proj/*
			allow * on proj/*:env/*:flag/*`,
		after: `allow viewProject on proj/*
			allow * on proj/*:env/*:flag/*
			deny not reviewApprovalRequest, applyApprovalRequest, bypassRequiredApproval on proj/*:env/*:flag/*`,
	},
	{
		name: "tag-added",
		before: `allow viewProject on proj/web
			allow updateOn, updateTargets on proj/web:env/*:flag/*`,
		after: `allow viewProject on proj/web
			allow updateOn, updateTargets on proj/web:env/*:flag/*;team-a`,
	},
	{
		name: "deny-removed",
		before: `allow viewProject on proj/web
			allow * on proj/web:env/*:flag/*
			deny updateOn, deleteFlag on proj/web:env/production:flag/*;pci`,
		after: `allow viewProject on proj/web
			allow * on proj/web:env/*:flag/*`,
	},
	{
		name: "wildcard-narrowed",
		before: `allow viewProject on proj/*
			allow update* on proj/*:env/*:flag/*`,
		after: `allow viewProject on proj/*
			allow update* on proj/web-*:env/*:flag/*`,
	},
	{
		name: "refactoring",
		note: "statements split and lists turned around: nothing changes",
		before: `allow viewProject on proj/web
			allow updateOn, updateTargets on proj/web:env/*;{critical:true}:flag/* + proj/web:env/*;{critical:false}:flag/*`,
		after: `allow viewProject on proj/web
			allow updateTargets on proj/web:env/*:flag/*
			allow updateOn on proj/web:env/*:flag/*`,
	},
	{
		name: "environment-wide-blocked",
		note: "an action on the flag as a whole is denied in one environment",
		before: `allow viewProject on proj/web
			allow updateName, updateOn on proj/web:env/*:flag/*`,
		after: `allow viewProject on proj/web
			allow updateName, updateOn on proj/web:env/*:flag/*
			deny updateName, updateOn on proj/web:env/production:flag/*`,
	},
	{
		name:   "environment-wide-in-one",
		note:   "an action on the flag as a whole is allowed in one environment only: it works nowhere in a project that has others",
		before: `allow viewProject on proj/web`,
		after: `allow viewProject on proj/web
			allow createFlag, updateOn on proj/web:env/test:flag/*`,
	},
	{
		name: "environment-wide-unblocked",
		note: "the last environment that refused an action on the flag as a whole allows it: it works in the whole project",
		before: `allow viewProject on proj/web
			allow createFlag on proj/web:env/*;{critical:false}:flag/*`,
		after: `allow viewProject on proj/web
			allow createFlag on proj/web:env/*:flag/*`,
	},
	{
		name:   "foreign-action",
		note:   "flags have no action viewProject, so nobody gains it on them",
		before: `allow viewProject on proj/*`,
		after: `allow viewProject on proj/*
			allow viewProject, updateOn on proj/web:env/*:flag/*`,
	},
	{
		name: "widened",
		before: `allow viewProject on proj/web
			allow updateOn on proj/web:env/staging:flag/* + proj/web:env/test:flag/*
			deny * on proj/web:env/production:flag/*;pci`,
		after: `allow viewProject on proj/web
			allow update* on proj/web:env/*:flag/*
			deny * on proj/web:env/production:flag/*;pci`,
	},
	{
		name:   "reader",
		before: `allow viewProject on proj/web`,
		after: `allow viewProject on proj/web
			reader`,
	},
	{
		name: "escalation",
		before: `allow viewProject on proj/web
			allow updateOn on proj/web:env/*;{critical:false}:flag/*`,
		after: `allow viewProject on proj/web
			allow updateOn on proj/web:env/*:flag/*
			allow deleteFlag on proj/web:env/*;{critical:false}:flag/*
			allow * on role/*
			allow updateCustomRole on member/*
			allow createWebhook on webhook/*`,
	},
	{
		name: "project-opened",
		note: "only the view of the project is added: everything below becomes usable",
		before: `allow updateOn, updateTargets on proj/*:env/*:flag/*;team-a
			allow createMetric on proj/*:metric/*`,
		after: `allow updateOn, updateTargets on proj/*:env/*:flag/*;team-a
			allow createMetric on proj/*:metric/*
			allow viewProject on proj/web`,
	},
	{
		name: "everything-in-one-project",
		note: "all but account settings, where one project can be seen",
		after: `allow * on not acct + acct
			deny viewProject on proj/*
			allow viewProject on proj/web`,
	},
	{
		name: "one-project-visible",
		after: `allow * on not proj/web:env/*:flag/*
			deny viewProject on proj/secret-*`,
	},
	{
		name: "deny-narrower-than-deny",
		note: "an exception to an exception",
		before: `allow viewProject on proj/web
			allow updateOn on proj/web:env/*:flag/*;a`,
		after: `allow viewProject on proj/web
			allow updateOn on proj/web:env/*:flag/*
			deny updateOn on proj/web:env/*;{critical:true}:flag/*`,
	},
	{
		name: "role-attribute",
		before: `allow viewProject on proj/*
			allow update* on proj/${roleAttribute/projects}:env/*:flag/*`,
		after: `allow viewProject on proj/*
			allow update* on proj/${roleAttribute/projects}:env/*:flag/*
			deny updateOn on proj/web:env/*:flag/*
			allow deleteFlag on proj/${roleAttribute/projects}:env/*;{critical:false}:flag/*`,
	},
	{
		name: "crossing-globs",
		before: `allow viewProject on proj/*
			allow *Tags, update* on proj/web-*:env/*:flag/*`,
		after: `allow viewProject on proj/*
			allow *Tags, update* on proj/web-*:env/*:flag/*
			deny *Flag on proj/*-shop:env/*:flag/*
			deny *Tags on proj/*-eu:env/*:flag/*`,
	},
	{
		name:   "pattern-over-exception",
		note:   "actions that no one list says: all but view*, and *Flag all the same",
		before: `allow viewProject on proj/*`,
		after: `allow viewProject on proj/*
			allow not view* on proj/*:env/*:flag/*
			allow *Flag on proj/*:env/*:flag/*`,
	},
	{
		name:   "patterns-without-common-words",
		note:   "actions that many patterns would be needed for: known ones are listed, the rest is not exact",
		before: `allow viewProject on proj/*`,
		after: `allow viewProject on proj/*
			allow *u*d*a* on proj/*:env/*:flag/*
			deny not *g*l*o* on proj/*:env/*:flag/*`,
	},
	{
		name:   "unnamed-and-named",
		note:   "specifiers of a type that may stand without a name",
		before: `allow use on lamp/b;c + lamp/*;a + lamp/x*;d`,
		after: `allow use on lamp/b;c + lamp/*;a + lamp/x*;d
			deny use on lamp;z`,
	},
}

// report describes a change as the golden files have it.
func report(e *Engine, before, after Subject) string {
	var b strings.Builder
	d := e.Compare(before, after)
	fmt.Fprintf(&b, "verdict: %s\n", d.Verdict())
	gained, lost := e.DescribeChange(before, after, d, Budget{})
	for i, text := range []Description{gained, lost} {
		sign := [2]string{"+", "-"}[i]
		for _, line := range text.Lines {
			fmt.Fprintf(&b, "%s %s\n", sign, line)
			fmt.Fprintf(&b, "    e.g. %s%s%s%s\n", line.Example, where(line), flagText(line.Critical, "; critical"), flagText(line.NewActions, "; also new actions"))
			if w := line.Wide; w != nil {
				fmt.Fprintf(&b, "    in every environment or none: %s; %s%s\n", strings.Join(w.Actions, ", "), w.Reach, flagText(w.Example != "", ", as "+w.Example))
			}
			fmt.Fprintf(&b, "    because%s\n", blameText(line.Because))
		}
		if !text.Exact {
			fmt.Fprintf(&b, "%s and more, as %s\n", sign, text.Rest)
		}
	}
	return b.String()
}

func where(l Line) string {
	if l.Where == "" {
		return ""
	}
	return " where " + l.Where
}

func flagText(b bool, text string) string {
	if b {
		return text
	}
	return ""
}

func blameText(list []Blame) string {
	var b strings.Builder
	for _, c := range list {
		side := "before"
		if c.After {
			side = "after"
		}
		fmt.Fprintf(&b, " %s:%d", side, c.Statement+1)
	}
	return b.String()
}

// TestDescribeUnreadable: what cannot be read is no word for anything, and the rest is said.
func TestDescribeUnreadable(t *testing.T) {
	e := New(policy.DefaultSemantics(), Budget{})
	after := policyOf(viewAll, allowing("updateOn", "proj/web:env/*:flag/*", "proj/x:*", "proj/${roleAttribute/p}:*"))
	d := e.Compare(policyOf(viewAll), after)
	gained, lost := e.DescribeChange(policyOf(viewAll), after, d, Budget{})
	if d.Verdict() != Unsure || len(d.Undecided) != 2 || len(lost.Lines) != 0 || len(gained.Lines) != 1 || gained.Lines[0].String() != "updateOn on proj/web:env/*:flag/*" {
		t.Errorf("%v, %v: %v", d.Verdict(), d.Undecided, gained.Lines)
	}
}

func TestWorkedExamples(t *testing.T) {
	for _, w := range worked {
		t.Run(w.name, func(t *testing.T) {
			e := New(policy.DefaultSemantics(), Budget{})
			before, after := subjectOf(w.before, true), subjectOf(w.after, true)
			if w.before == "" {
				before = Subject{Symbolic: true}
			}
			text := report(e, before, after)
			if w.note != "" {
				text = "# " + w.note + "\n" + text
			}
			file := filepath.Join("testdata", "described", w.name+".txt")
			if *updateDescribed {
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if text != string(want) {
				t.Errorf("described as\n%s\nwant\n%s", text, want)
			}
		})
	}
}
