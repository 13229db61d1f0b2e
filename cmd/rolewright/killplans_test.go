package main

// killPlan is a change of an account that is killed on its way: what the files say first, and what then.
type killPlan struct {
	name          string
	before, after string
	// action runs it as a step of GitHub Actions, with a comment, a summary and outputs.
	action bool
	// saved plans into a file first and applies that.
	saved bool
	// local has the account in the process, kept in a file, and no request to be seen.
	local bool
}

const killConfig = `version: 1
targets:
  production: {host: app.launchdarkly.com}
  local: {emulator: .rolewright/local.db}
defaultTarget: production
manage:
  roles: {include: ["*"], ignore: ["legacy-*"]}
  teams: {include: ["*"], ignore: ["legacy-*"]}
  members: {include: ["*@example.com"]}
guards: {maxDeletes: 10, maxDeletePercent: 100, minAdmins: 0}
`

// killPlans are the reference plans: every action on every kind of thing, and the two-step way.
var killPlans = []killPlan{
	{name: "create", before: killStill, after: killStill + killRole("a", "one", "updateOn") + killRole("b", "two", "updateRules") +
		killRole("c", "three", "updateTargets") + killRole("d", "four", "updateOn, updateRules") + killRole("e", "five", "updateFallthrough")},
	{
		name: "update", before: killStill + killRole("a", "one", "updateOn") + killRole("b", "two", "updateOn, updateRules") +
			killRole("c", "three", "updateTargets") + killRole("d", "four", "updateOn"),
		after: killStill + killRole("a", "one", "updateOn, updateRules") + killRole("b", "two", "updateRules") +
			killRole("c", "three, in other words", "updateTargets") + killRole("d", "four", "updateFallthrough"),
	},
	{
		name: "delete", before: killStill + killRole("a", "one", "updateOn") + killRole("b", "two", "updateOn") + killRole("c", "three", "updateOn"),
		after: killStill + killGone("a") + killGone("b") + killGone("c"),
	},
	{
		name: "assign", before: killAssigned + killTeam("web", "a", "web") + killMember("ana", "a") + killMember("bo", "b"),
		after: killAssigned + killTeam("web", "a, b", "web, app") + killTeam("new", "c", "app") + killMember("ana", "a, c") + killMember("bo", "c"),
	},
	{
		name: "steps", before: killStill + killRole("a", "one", "updateOn, updateRules") + killRole("b", "two", "updateTargets") + killMember("ana", "a, b"),
		after: killStill + killRole("a", "one", "updateTargets") + killRole("b", "two", "updateOn, updateRules") + killMember("ana", "a, b"),
	},
	{name: "mixed", before: killMixedBefore, after: killMixedAfter},
	{name: "saved", before: killMixedBefore, after: killMixedAfter, saved: true},
	{name: "action", before: killMixedBefore, after: killMixedAfter, action: true},
	{name: "local", before: killMixedBefore, after: killMixedAfter, local: true},
}

const killStill = `kind: Role
key: still
name: Still
description: Nobody touches it.
basePermissions: no_access
policy:
  - {effect: allow, actions: [viewProject], resources: ["proj/*"]}
`

var (
	killAssigned = killStill + killRole("a", "one", "updateOn") + killRole("b", "two", "updateRules") + killRole("c", "three", "updateTargets")

	killMixedBefore = killStill + killRole("a", "one", "updateOn") + killRole("b", "two", "updateRules") + killRole("gone", "three", "updateTargets") +
		killTeam("web", "a, gone", "web") + killMember("ana", "gone")
	killMixedAfter = killStill + killRole("a", "one", "updateOn, updateRules") + killRole("b", "two, renamed", "updateRules") +
		killGone("gone") + killRole("new", "four", "updateFallthrough") + killTeam("web", "a, new", "web") + killMember("ana", "new, b")
)

func killRole(key, words, actions string) string {
	return "---\nkind: Role\nkey: " + key + "\nname: Role " + key + "\ndescription: \"" + words + "\"\nbasePermissions: no_access\npolicy:\n" +
		"  - {effect: allow, actions: [viewProject], resources: [\"proj/*\"]}\n" +
		"  - {effect: allow, actions: [" + actions + "], resources: [\"proj/*:env/*:flag/*\"]}\n"
}

func killGone(key string) string { return "---\nkind: Role\nkey: " + key + "\nstate: absent\n" }

func killTeam(key, roles, projects string) string {
	return "---\nkind: Team\nkey: " + key + "\nname: Team " + key + "\ncreate: true\ncustomRoles: [" + roles + "]\nroleAttributes: {projects: [" + projects + "]}\n"
}

func killMember(name, roles string) string {
	return "---\nkind: Member\nemail: " + name + "@example.com\nrole: no_access\ncustomRoles: [" + roles + "]\n"
}
