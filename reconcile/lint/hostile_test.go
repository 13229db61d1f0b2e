package lint

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/people"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// TestHostile: whatever files and accounts hold, the rules end, and each finding has a rule, a message
// and a hint; a role that LaunchDarkly refuses gives an error.
func TestHostile(t *testing.T) {
	word := rapid.SampledFrom([]string{
		"", "*", "**", "a", "proj", "proj/*", "proj/", "proj/*:env/*:flag/*", "proj/a;t:env/*;{critical:true},t:flag/*;view:v", "acct", "ip-allowlist",
		"proj/*:*", "proj/*:env/*:thing/*;{x:y}", "proj/${roleAttribute/a}", "proj/${roleAttribute/", "proj/a*b*c*:env/*:flag/*d*e*;*", "team/*",
		"updateOn", "update*", "createFlag", "cloneFlag", "viewProject", "bypassRequiredApproval", "\x00", "\u202e", "proj/*:env/*:aiconfig/*", "member/*:token/*",
	})
	list := rapid.SliceOfN(word, 0, 4)
	effect := rapid.SampledFrom([]role.Effect{role.Allow, role.Allow, role.Deny, ""})
	rapid.Check(t, func(t *rapid.T) {
		d := role.Desired{Role: role.Role{Key: "r", BasePermissions: word.Draw(t, "base")}, Absent: rapid.Bool().Draw(t, "absent")}
		for range rapid.IntRange(0, 4).Draw(t, "n") {
			s := role.Statement{Effect: effect.Draw(t, "effect")}
			if rapid.Bool().Draw(t, "actions") {
				s.Actions = list.Draw(t, "list")
			} else {
				s.NotActions = list.Draw(t, "list")
			}
			if rapid.Bool().Draw(t, "resources") {
				s.Resources = list.Draw(t, "list")
			} else {
				s.NotResources = list.Draw(t, "list")
			}
			d.Policy = append(d.Policy, s)
		}
		sem := policy.DefaultSemantics()
		if rapid.Bool().Draw(t, "same kind") {
			sem.NotResources = policy.SameKind
		}
		sem.CaseSensitive, sem.ViewPrecondition = rapid.Bool().Draw(t, "case"), rapid.Bool().Draw(t, "view")
		text := word.Draw(t, "name")
		r := RunAll(Input{
			Files: Files{Roles: []role.Desired{placed(d), d}}, Semantics: sem,
			Settings: Settings{WideBoxes: []string{"* on proj/*", text}, NewSince: "2026-01"},
			Inventory: &role.Inventory{Projects: []role.Project{
				{Key: text, Tags: []string{text}, Environments: []role.Environment{{Key: text}}, Flags: []role.Flag{{Key: text, Views: []string{text}}}}, {Key: "a"},
			}},
			People: &people.Account{Teams: []role.LiveTeam{{Team: role.Team{Key: text, RoleAttributes: role.Attributes{text: {text}}}}}},
		}, nil)
		for _, f := range r.Findings {
			if _, known := Explain(f.Code); (!known && f.Code != "LD000") || f.Message == "" || f.Hint == "" {
				t.Fatalf("%+v", f)
			}
		}
		p := newPass(Input{Files: Files{Roles: []role.Desired{d}}})
		if len(p.Roles) > 0 && p.refused(p.Roles[0]) && !diag.HasErrors(r.Findings) {
			t.Fatalf("refused without an error: %+v", d.Policy)
		}
	})
}
