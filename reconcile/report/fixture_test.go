package report_test

import (
	"fmt"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

// The plans and results of the golden files, made by hand: what this package draws is a value, and
// how package plan comes to it is tested there.

func allow(actions, resources []string) role.Statement {
	return role.Statement{Effect: role.Allow, Actions: actions, Resources: resources}
}

func deny(actions, resources []string) role.Statement {
	return role.Statement{Effect: role.Deny, Actions: actions, Resources: resources}
}

func list(s ...string) []string { return s }

func at(n int, s role.Statement) plan.NumberedStatement {
	return plan.NumberedStatement{Index: n, Statement: s}
}

func declared(file string, line int) *plan.Declared { return &plan.Declared{File: file, Line: line} }

func target() plan.Target {
	return plan.Target{
		Name: "production", Host: "app.launchdarkly.com",
		AccountID: "5f2a91c07e5a4f0a8f1b2c3d", APIVersion: "20240415",
	}
}

func createChange() plan.Change {
	after := role.Role{
		Key: "flag-operator", Name: "Flag operator",
		Description:     "Turns flags on and off outside critical environments, for those who are on call and for nobody else.",
		BasePermissions: role.NoAccess,
		Policy: []role.Statement{
			allow(list("viewProject"), list("proj/*")),
			allow(list("updateOn", "updateTargets"), list("proj/*:env/*;{critical:false}:flag/*")),
			{Effect: role.Deny, NotActions: list("viewProject"), NotResources: list("proj/web", "proj/checkout")},
		},
	}
	return plan.Change{
		ID: "create/role/flag-operator", Action: plan.Create, Kind: "role", Key: "flag-operator",
		Phase: plan.PhaseCreate, Reason: "the files declare it, the account has no such role",
		After: &after,
		Fields: []plan.FieldChange{
			{Field: "name", After: after.Name},
			{Field: "description", After: after.Description},
			{Field: "basePermissions", After: after.BasePermissions},
		},
		Statements: plan.StatementDiff{Added: []plan.NumberedStatement{
			at(0, after.Policy[0]), at(1, after.Policy[1]), at(2, after.Policy[2]),
		}},
		Declared: declared("roles/flag-operator.yaml", 2),
	}
}

func updateChange() plan.Change {
	flags := list("proj/web:env/production:flag/*")
	before := allow(list("updateOn", "updateTargets", "updateOff"), flags)
	after := allow(list("updateOn", "updateTargets", "updateRules", "updatePrerequisites"), flags)
	turned := list("proj/web:env/test:flag/*")
	return plan.Change{
		ID: "update/role/release-manager", Action: plan.Update, Kind: "role", Key: "release-manager",
		Phase: plan.PhaseMixed, Reason: "the role differs from its file",
		Before: &role.Live{Role: role.Role{Name: "Release manager"}},
		After:  &role.Role{Name: "Release manager"},
		Fields: []plan.FieldChange{
			{Field: "description", Before: "Releases flags.", After: "Releases flags in production."},
			{Field: "basePermissions", Before: role.Reader, After: role.NoAccess},
			{Field: "resourceCategory", Before: "", After: "project"},
		},
		Statements: plan.StatementDiff{
			Changed: []plan.StatementChange{
				{Before: at(2, before), After: at(1, after), Lists: []plan.ListChange{{
					Name: "actions", Added: list("updateRules", "updatePrerequisites"), Removed: list("updateOff"), Kept: 2,
				}}},
				{
					Before: at(4, deny(list("deleteFlag"), turned)),
					After:  at(4, role.Statement{Effect: role.Allow, NotActions: list("deleteFlag", "createFlag"), Resources: turned}),
					Lists: []plan.ListChange{
						{Name: "effect", Added: list("allow"), Removed: list("deny")},
						{Name: "actions", Removed: list("deleteFlag")},
						{Name: "notActions", Added: list("deleteFlag", "createFlag")},
					},
				},
			},
			Removed: []plan.NumberedStatement{at(3, deny(list("*"), list("proj/*:env/production:flag/payments-*")))},
			Added:   []plan.NumberedStatement{at(5, allow(longActions(), list("proj/web:env/*:segment/*")))},
			Kept:    3,
		},
		Access:   updateAccess(),
		Risk:     []plan.Risk{{Code: "critical", Level: plan.High, Why: "reaches critical environments"}},
		Assigned: &role.Assigned{Members: 12, Teams: 3},
		Declared: declared("roles/release-manager.yaml", 1),
	}
}

func updateAccess() *plan.Access {
	return &plan.Access{
		Verdict: access.Both,
		Gained: []plan.AccessLine{{
			Text:    "updateRules, updateScheduledChanges on proj/web:env/production:flag/* except proj/web:env/*:flag/*;pci",
			Actions: list("updateRules", "updateScheduledChanges"), Resources: list("proj/web:env/production:flag/*"),
			Except:  list("proj/web:env/*:flag/*;pci"),
			Example: "updateRules on proj/web:env/production;{critical:true}:flag/any-flag",
			Because: []plan.Because{{Statement: 1, After: true, Source: "roles/release-manager.yaml:12"}, {Statement: 3}},
		}},
		Lost: []plan.AccessLine{{
			Text: "view* on every resource", Actions: list("view*"), Resources: list("*"), NewActions: true,
			Because: []plan.Because{{Statement: -1}},
		}},
		LostRest:  "updateOff on proj/web:env/production:flag/any-flag",
		Undecided: list("a pattern stands for too many others"),
	}
}

func manyLines() []plan.AccessLine {
	var lines []plan.AccessLine
	for i := range 5 {
		lines = append(lines, plan.AccessLine{Text: fmt.Sprintf("updateOn on proj/p%d:env/*:flag/*", i)})
	}
	return lines
}

func longActions() []string {
	return list("createSegment", "deleteSegment", "updateDescription", "updateExcluded", "updateIncluded",
		"updateName", "updateRules", "updateScheduledChanges", "updateTags", "updateExpiringTargets")
}

func richPlan() *plan.Plan {
	return &plan.Plan{
		FormatVersion: plan.FormatVersion, Tool: "rolewright 0.1.0", Complete: true, ExitReason: plan.Blocked,
		GeneratedAt: "2026-09-22T10:41:07Z", Target: target(),
		Source: plan.Source{Commit: "9c1f0e2", ConfigDigest: "sha256:00"},
		Scope:  plan.Scope{Roles: role.Scope{Include: list("*"), Ignore: list("legacy-*")}},
		Changes: []plan.Change{
			createChange(),
			{
				ID: "replace/role/qa-lead", Action: plan.Replace, Kind: "role", Key: "qa-lead", Replaces: "qa_lead",
				Phase: plan.PhaseCreate, Reason: `takes the place of "qa_lead", since a key cannot be changed`,
				Before:     &role.Live{Role: role.Role{Key: "qa_lead", Name: "QA"}},
				After:      &role.Role{Key: "qa-lead", Name: "QA lead"},
				Fields:     []plan.FieldChange{{Field: "name", Before: "QA", After: "QA lead"}},
				Statements: plan.StatementDiff{Kept: 1}, Assigned: &role.Assigned{Members: 4},
				Access:   &plan.Access{Verdict: access.None},
				Declared: declared("roles/qa.yaml", 3),
			},
			updateChange(),
			{
				ID: "delete/role/old-releaser", Action: plan.Delete, Kind: "role", Key: "old-releaser",
				Phase: plan.PhaseDelete, Reason: "state: absent",
				Before: &role.Live{Role: role.Role{Key: "old-releaser", Name: "Old releaser"}},
				Fields: []plan.FieldChange{
					{Field: "name", Before: "Old releaser"}, {Field: "basePermissions", Before: role.NoAccess},
				},
				Statements: plan.StatementDiff{Removed: []plan.NumberedStatement{
					at(0, allow(list("updateOn", "updateFallthrough"), list("proj/*:env/*:flag/*"))),
				}},
				Access:   &plan.Access{Verdict: access.Loses, Lost: manyLines()},
				Assigned: &role.Assigned{}, Declared: declared("roles/gone.yaml", 1),
			},
		},
		Skipped: []plan.Note{{
			Kind: "role", Key: "qa_lead", Name: "QA", Reason: `replaced by "qa-lead", but still held by 4 members`,
			Hint: `give them "qa-lead", then apply again`, Assigned: &role.Assigned{Members: 4},
			Declared: declared("roles/qa.yaml", 3),
		}},
		Unmanaged: unmanagedNotes(),
		Ignored: []plan.Note{
			{Kind: "role", Key: "legacy-admin", Name: "Legacy admin", Reason: `matches manage.roles.ignore "legacy-*"`},
			{Kind: "role", Key: "legacy-ops", Name: "Legacy ops", Reason: `matches manage.roles.ignore "legacy-*"`},
		},
		Unchanged: 14,
		Blocks: []plan.Block{
			{
				Guard: plan.GuardMaxDeletes, Message: "would delete 1 role, maxDeletes is 0",
				Keys: list("old-releaser"), Flag: "--allow-deletes 1",
			},
			{
				Guard: plan.GuardImmutable, Keys: list("release-manager"),
				Message: `role "release-manager" has resourceCategory "" in the account and "project" in roles/release-manager.yaml:1`,
				Hint:    "LaunchDarkly cannot change it: take resourceCategory out of the file, or declare a role with a new key",
			},
		},
		Summary:  plan.Summary{Create: 1, Update: 1, Delete: 1, Replace: 1},
		PlanHash: "sha256:7be1c0d2a9f84410bd0c5e6a9c1f0e2d7be1c0d2a9f84410bd0c5e6a9c1f0e2d",
	}
}

func unmanagedNotes() []plan.Note {
	notes := []plan.Note{{Kind: "role", Key: "ld-developer", Name: "Developer", Reason: "preset role", Assigned: &role.Assigned{Teams: 1}}}
	for i := range 12 {
		notes = append(notes, plan.Note{
			Kind: "role", Key: fmt.Sprintf("team-%d", i+1), Name: fmt.Sprintf("Team %d", i+1),
			Reason: "no file declares it", Assigned: &role.Assigned{Members: i % 3},
		})
	}
	return notes
}

func emptyPlan() *plan.Plan {
	return &plan.Plan{
		FormatVersion: plan.FormatVersion, Complete: true, ExitReason: plan.NoChanges,
		Target: target(), Unchanged: 23, PlanHash: "sha256:00112233445566778899aabbccddeeff",
	}
}

func outcome(a plan.Action, key string, s apply.Status) apply.Outcome {
	return apply.Outcome{ID: string(a) + "/role/" + key, Action: a, Kind: "role", Key: key, Status: s}
}

// results are the ways in which an apply ends, by the name of their golden file.
func results() map[string]*apply.Result {
	return map[string]*apply.Result{
		"applied":     appliedResult(),
		"already":     alreadyResult(),
		"partial":     partialResult(),
		"unproved":    unprovedResult(),
		"failed":      stopped(apply.ReasonFailed, `create role "qa-lead": POST https://app.launchdarkly.com/api/v2/roles: 400 Bad Request: invalid policy`),
		"auth":        stopped(apply.ReasonAuth, "list roles: GET https://app.launchdarkly.com/api/v2/roles: 401 Unauthorized"),
		"stale":       stopped(apply.ReasonStale, `the account is not as it was when the plan was made: role "ops": somebody else edited it`),
		"interrupted": interruptedResult(),
		"nothing":     result(plan.NoChanges),
	}
}

func result(reason plan.ExitReason, outcomes ...apply.Outcome) *apply.Result {
	r := &apply.Result{
		FormatVersion: "1.0", Tool: "rolewright 0.1.0", Complete: reason == apply.ReasonApplied || reason == plan.NoChanges,
		ExitReason: reason, Target: target(), PlanHash: "sha256:7be1c0d2a9f84410bd0c5e6a", Changes: outcomes,
	}
	for _, o := range outcomes {
		switch o.Status {
		case apply.Applied:
			r.Summary.Applied++
		case apply.Failed:
			r.Summary.Failed++
		case apply.Unknown:
			r.Summary.Unknown++
		case apply.NotAttempted:
			r.Summary.NotAttempted++
		}
	}
	return r
}

func appliedResult() *apply.Result {
	lost := outcome(plan.Update, "release-manager", apply.Applied)
	lost.Note = "the reply was lost, the role reads back as wanted"
	r := result(apply.ReasonApplied, outcome(plan.Create, "flag-operator", apply.Applied),
		outcome(plan.Replace, "qa-lead", apply.Applied), lost, outcome(plan.Delete, "old-releaser", apply.Applied))
	r.Verified = true
	return r
}

// alreadyResult is an apply beside another one: most of it was done before it came to it.
func alreadyResult() *apply.Result {
	var outcomes []apply.Outcome
	for i := range 12 {
		found := outcome(plan.Create, fmt.Sprintf("team-%d", i+1), apply.Applied)
		found.AlreadyThere = true
		found.Note = "the account answered with a conflict and holds exactly the wanted role"
		outcomes = append(outcomes, found)
	}
	edited, gone := outcome(plan.Update, "ops", apply.Applied), outcome(plan.Delete, "old", apply.Applied)
	edited.AlreadyThere, edited.Note = true, "somebody else made the same change"
	gone.AlreadyThere, gone.Note = true, "it was already gone"
	outcomes = append(outcomes, edited, gone)
	for _, key := range []string{"mine-1", "mine-2", "mine-3"} {
		outcomes = append(outcomes, outcome(plan.Create, key, apply.Applied))
	}
	r := result(apply.ReasonApplied, outcomes...)
	r.Verified = true
	return r
}

func partialResult() *apply.Result {
	failed := outcome(plan.Update, "release-manager", apply.Failed)
	failed.Error = "PATCH https://app.launchdarkly.com/api/v2/roles/release-manager: 409 Conflict: optimistic locking error"
	unknown := outcome(plan.Update, "ops", apply.Unknown)
	unknown.Error = "the reply was lost; reading back: timeout"
	outcomes := []apply.Outcome{outcome(plan.Create, "flag-operator", apply.Applied), failed, unknown}
	for i := range 12 {
		outcomes = append(outcomes, outcome(plan.Delete, fmt.Sprintf("old-%d", i+1), apply.NotAttempted))
	}
	r := result(apply.ReasonPartial, outcomes...)
	r.Error = `update role "release-manager": somebody else edited it meanwhile`
	r.Hint = "run plan again: it shows what is left to do"
	return r
}

func unprovedResult() *apply.Result {
	r := result(apply.ReasonPartial, outcome(plan.Create, "flag-operator", apply.Applied))
	r.Error = `every change was applied, and then the account listed something else: role "flag-operator": its change is not visible yet`
	r.Hint = "the account may show changes late; run plan again in a minute: it is empty if all is well"
	return r
}

func interruptedResult() *apply.Result {
	r := result(apply.ReasonInterrupted, outcome(plan.Create, "flag-operator", apply.Applied),
		outcome(plan.Delete, "old-releaser", apply.NotAttempted))
	r.Error, r.Hint = "interrupted", "run plan again: it shows what is left to do"
	return r
}

func stopped(reason plan.ExitReason, why string) *apply.Result {
	r := result(reason, outcome(plan.Create, "qa-lead", apply.NotAttempted), outcome(plan.Update, "ops", apply.NotAttempted))
	r.Error, r.Hint = why, "nothing was written by this run; run plan again"
	return r
}

func findings() []diag.Finding {
	return []diag.Finding{
		{
			Severity: diag.Error, Code: "schema/enum", Message: `effect "alow" is not valid (want "allow" or "deny")`,
			Hint: `did you mean "allow"?`, Pos: diag.Position{File: "roles/ops.yaml", Line: 5, Column: 13}, Length: 4,
			Source: "  - effect: alow",
		},
		{
			Severity: diag.Error, Code: "role/duplicate-key", Message: `key "ops" is declared twice`,
			Pos: diag.Position{File: "roles/second.yaml", Line: 2, Column: 6}, Length: 3, Source: "key: ops",
			Related: []diag.Related{{Pos: diag.Position{File: "roles/ops.yaml", Line: 2, Column: 6}, Message: `"ops" is first declared here`}},
		},
		{
			Severity: diag.Warning, Code: "LD003", Message: "the statement repeats statement 1",
			Pos: diag.Position{File: "roles/second.yaml", Line: 9},
		},
		{Severity: diag.Info, Code: "file/none", Message: "the workspace has no role", Pos: diag.Position{File: "roles"}},
	}
}
