package simulation_test

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/rolewright/rolewright/reconcile/emulator"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/policy"
)

// The reference plans.

func allow(actions, resources string) emulator.Statement {
	return emulator.Statement{Effect: "allow", Actions: strings.Split(actions, ","), Resources: strings.Split(resources, ",")}
}

func newRole(key string, statements ...emulator.Statement) emulator.Role {
	return emulator.Role{Key: key, Name: "Role " + key, BasePermissions: "no_access", Policy: statements}
}

const (
	flagsOfA = "proj/a:env/*:flag/*"
	flagsOfB = "proj/b:env/*:flag/*"
)

var views = allow("viewProject", "proj/*")

// document writes names and values, in JSON, which is YAML.
func document(fields ...any) string {
	var b strings.Builder
	for i := 0; i < len(fields); i += 2 {
		value, err := json.Marshal(fields[i+1])
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(&b, "%s: %s\n", fields[i], value)
	}
	return b.String()
}

func roleFile(r emulator.Role) string {
	return document("kind", "Role", "key", r.Key, "name", r.Name, "description", r.Description, "basePermissions", r.BasePermissions, "policy", r.Policy)
}

// folder is a workspace of these documents that manages the kinds of holders named.
func folder(holders string, documents ...string) map[string]string {
	scope := func(kind string) map[string]any {
		if strings.Contains(holders, kind) {
			return map[string]any{"include": []string{"*"}}
		}
		return map[string]any{"include": []string{}}
	}
	files := map[string]string{manifest.ConfigFile: document(
		"version", 1,
		"manage", map[string]any{"roles": map[string]any{"include": []string{"*"}}, "teams": scope("teams"), "members": scope("members")},
		"guards", map[string]any{"maxDeletes": 1000, "maxDeletePercent": 100},
	)}
	for i, d := range documents {
		files[fmt.Sprintf("f%d.yaml", i)] = d
	}
	return files
}

// staffed fills an account with a few people besides those roles.
func staffed(roles ...emulator.Role) func(*emulator.Emulator) error {
	return func(emu *emulator.Emulator) error {
		for _, r := range roles {
			if err := emu.Add(r); err != nil {
				return err
			}
		}
		for _, m := range []emulator.Member{
			{Email: "boss@example.com", Role: "owner"},
			{Email: "boss1@example.com", Role: "admin"},
			{Email: "boss2@example.com", Role: "admin"},
			{Email: "ana@example.com", Role: "no_access", CustomRoles: []string{roles[0].Key}},
			{Email: "bob@example.com", Role: "reader"},
		} {
			if err := emu.AddMember(m); err != nil {
				return err
			}
		}
		return emu.AddTeam(emulator.Team{Key: "core", Name: "Core", CustomRoles: []string{roles[0].Key}, Members: []string{"bob@example.com"}})
	}
}

// references are the plans that every fault is tried on.
func references() []*scene {
	keep := newRole("keep", views, allow("updateOn", flagsOfA))
	old := newRole("old", views, allow("updateTargets", flagsOfB))
	wide := old
	wide.Description, wide.Policy = "wider", append([]emulator.Statement{allow("updateOn", flagsOfB)}, old.Policy...)
	fresh := newRole("fresh", views, allow("updateRules", flagsOfA))
	gone := document("kind", "Role", "key", "gone", "state", "absent")
	list := []*scene{
		{name: "create", fill: staffed(keep), files: folder("", roleFile(keep), roleFile(fresh))},
		{name: "update", fill: staffed(keep, old), files: folder("", roleFile(keep), roleFile(wide))},
		{name: "delete", fill: staffed(keep, newRole("gone", views)), files: folder("", roleFile(keep), gone)},
		{name: "mixed", fill: staffed(keep, old, newRole("gone", views)), files: folder("", roleFile(keep), roleFile(fresh), roleFile(wide), gone)},
		twoSteps(),
		twoPages(),
	}
	for _, s := range list {
		s.pageSize, s.parallelism, s.sampled = 20, 4, true
		if s.name == stepsName { // the order of the others plays no part
			s.semantics = new(policy.DefaultSemantics())
		}
	}
	return list
}

const stepsName = "two steps"

// twoSteps is a plan in which two roles of the same people change what they allow with each other, and a
// member and a team change from one role to another: what comes is given first, and what goes is taken
// at the end.
func twoSteps() *scene {
	left, right := newRole("left", views, allow("updateOn", flagsOfA)), newRole("right", views, allow("updateOn", flagsOfB))
	newLeft, newRight := newRole("left", views, allow("updateOn", flagsOfB)), newRole("right", views, allow("updateOn", flagsOfA))
	one := newRole("one", views, allow("updateTargets", flagsOfA))
	two := newRole("two", views, allow("updateTargets,updateRules", flagsOfA))
	fill := func(emu *emulator.Emulator) error {
		if err := staffed(newRole("keep", views), left, right, one, two)(emu); err != nil {
			return err
		}
		for _, m := range []emulator.Member{
			{Email: "cy@example.com", Role: "no_access", CustomRoles: []string{"one"}},
			{Email: "dee@example.com", Role: "no_access", CustomRoles: []string{"left", "right"}},
		} {
			if err := emu.AddMember(m); err != nil {
				return err
			}
		}
		return emu.AddTeam(emulator.Team{Key: "web", Name: "Web", CustomRoles: []string{"two"}, Members: []string{"ana@example.com"}})
	}
	return &scene{name: stepsName, fill: fill, files: folder(
		"teams members", roleFile(newLeft), roleFile(newRight), roleFile(one), roleFile(two),
		document("kind", "Team", "key", "web", "customRoles", []string{"one"}),
		document("kind", "Member", "email", "cy@example.com", "customRoles", []string{"two"}),
	)}
}

// twoPages is a plan about 25 roles, of which the account shows 20 at once.
func twoPages() *scene {
	var roles []emulator.Role
	var documents []string
	for i := range 25 {
		r := newRole(fmt.Sprintf("r%02d", i), views, allow("updateOn", flagsOfA))
		roles = append(roles, r)
		if i == 3 || i == 22 {
			r.Policy = append([]emulator.Statement{allow("updateTargets", flagsOfA)}, r.Policy...)
		}
		documents = append(documents, roleFile(r))
	}
	documents = append(documents, roleFile(newRole("new", views)))
	return &scene{name: "two pages", fill: staffed(roles...), files: folder("", strings.Join(documents, "---\n"))}
}
