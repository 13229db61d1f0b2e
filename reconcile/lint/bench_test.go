package lint

import (
	"fmt"
	"testing"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/role"
)

// townRoles makes n roles of twenty statements, as an organisation with a few hundred projects would
// have: each has projects, flags and tags of its own, patterns, denies and notActions.
func townRoles(n int) []role.Desired {
	roles := make([]role.Desired, n)
	for i := range roles {
		project, tag := fmt.Sprintf("proj/team%d-*", i), fmt.Sprintf("squad-%d", i%37)
		allow := func(resource string, actions ...string) role.Statement {
			return role.Statement{Effect: role.Allow, Actions: actions, Resources: []string{resource}}
		}
		deny := func(resource string, actions ...string) role.Statement {
			return role.Statement{Effect: role.Deny, Actions: actions, Resources: []string{resource}}
		}
		roles[i].Key = fmt.Sprintf("town-%d", i)
		roles[i].Source = role.Source{File: fmt.Sprintf("roles/town-%d.yaml", i), Pos: role.Pos{Line: 1, Column: 1}}
		roles[i].Policy = []role.Statement{
			allow(project, "viewProject", "updateTags"),
			allow(project+":env/*", "viewSdkKey", "updateColor", "updateName"),
			deny(project+":env/*;{critical:true}", "viewSdkKey"),
			allow(project+":env/*:flag/*", "createFlag", "cloneFlag", "updateName", "updateDescription", "updateFlagVariations", "updateMaintainer"),
			allow(project+":env/*;{critical:false}:flag/*", "updateOn", "updateRules", "updateTargets", "updateFallthrough", "copyFlagConfigTo", "copyFlagConfigFrom"),
			allow(project+":env/*;{critical:true}:flag/*;"+tag, "updateOn", "updateTargets"),
			deny(project+":env/*;{critical:true}:flag/*;"+tag+",pci", "update*"),
			allow(project+":env/*;{critical:true}:flag/*", "createApprovalRequest", "updateApprovalRequest", "deleteApprovalRequest"),
			{Effect: role.Allow, NotActions: []string{"bypassRequiredSegmentApproval", "deleteSegment"}, Resources: []string{project + ":env/*;{critical:false}:segment/*"}},
			allow(project+":env/production:segment/"+tag+"-*", "updateRules", "updateIncluded", "updateExcluded"),
			deny(project+":env/production:segment/*;locked", "*"),
			allow(project+":metric/*", "*"),
			{Effect: role.Deny, NotActions: []string{"updateDescription", "updateMaintainer"}, Resources: []string{project + ":metric/*;board,certified"}},
			allow(project+":metric-group/*", "createMetricGroup", "updateMetricGroupName"),
			{Effect: role.Allow, Actions: []string{"*"}, Resources: []string{project + ":env/dev-*:experiment/*", project + ":env/test-*:experiment/*"}},
			allow(project+":layer/*", "createLayer", "updateLayer"),
			allow(project+":env/*;{critical:false}:destination/*", "createDestination", "updateName"),
			deny(project+":env/*;{critical:false}:destination/audit-*", "updateName"),
			allow("team/"+tag, "viewTeam", "updateTeamDescription"),
			allow(project+":view/"+tag, "linkFlagToView", "unlinkFlagFromView", "viewView"),
		}
	}
	return roles
}

// BenchmarkTown measures all rules on 1,000 roles of 20 statements.
func BenchmarkTown(b *testing.B) {
	in := Input{Files: Files{Roles: townRoles(1000)}, Settings: DefaultSettings()}
	for b.Loop() {
		r := RunAll(in, nil)
		if n := diag.Count(r.Findings, diag.Error); n > 0 {
			b.Fatal(render(r.Findings[:min(10, len(r.Findings))]))
		}
	}
}

// BenchmarkTownRule measures one rule at a time, beside those about words.
func BenchmarkTownRule(b *testing.B) {
	in := Input{Files: Files{Roles: townRoles(200)}, Settings: DefaultSettings()}
	for _, rule := range Rules() {
		if aboutWords(rule.Code) || rule.Needs != NeedsFiles {
			continue
		}
		var others []string
		for _, other := range Rules() {
			if other.Code != rule.Code {
				others = append(others, other.Code)
			}
		}
		b.Run(rule.Code, func(b *testing.B) {
			for b.Loop() {
				RunAll(in, others)
			}
		})
	}
}
