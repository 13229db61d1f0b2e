package check

import (
	"slices"

	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// What random roles are made of. It is small, so that mutants often have the same access, and so
// that every request that it can tell apart can be listed.
var (
	someNames   = []string{"*", "a", "ab", "a*", "*b", "${roleAttribute/x}"}
	someTags    = []string{"", "", ";t", ";t,u", ";t*"}
	someProps   = []string{"", "", ";{critical:true}", ";{critical:false}"}
	someViews   = []string{"", "", ";view:v", ";view:${roleAttribute/x}"}
	someActions = map[string][]string{
		"proj":          {"viewProject", "*", "updateProjectName", "view*"},
		"proj:env":      {"*", "updateCritical", "deleteEnvironment", "update*"},
		"proj:env:flag": {"*", "updateOn", "createFlag", "update*", "deleteFlag"},
		"role":          {"*", "updatePolicy", "createRole", "update*"},
	}
	someKinds = []string{"proj", "proj:env", "proj:env:flag", "role"}
)

func randomSpecifier(t *rapid.T, kind string) string {
	name := func(typ string) string { return typ + "/" + rapid.SampledFrom(someNames).Draw(t, typ) }
	switch kind {
	case "proj":
		return name("proj") + rapid.SampledFrom(someTags).Draw(t, "tags")
	case "proj:env":
		return name("proj") + ":" + name("env") + rapid.SampledFrom(someProps).Draw(t, "props")
	case "proj:env:flag":
		flag := name("flag") + rapid.SampledFrom(slices.Concat(someTags, someViews)).Draw(t, "selectors")
		return name("proj") + ":" + name("env") + rapid.SampledFrom(someProps).Draw(t, "props") + ":" + flag
	}
	return name("role")
}

func randomStatement(t *rapid.T) role.Statement {
	kind := rapid.SampledFrom(someKinds).Draw(t, "kind")
	s := role.Statement{Effect: rapid.SampledFrom([]role.Effect{role.Allow, role.Allow, role.Deny}).Draw(t, "effect")}
	actions := rapid.SliceOfN(rapid.SampledFrom(someActions[kind]), 1, 2).Draw(t, "actions")
	var specs []string
	for range rapid.IntRange(1, 2).Draw(t, "specifiers") {
		specs = append(specs, randomSpecifier(t, kind))
	}
	if s.Actions = actions; rapid.IntRange(0, 5).Draw(t, "notActions") == 0 {
		s.Actions, s.NotActions = nil, actions
	}
	if s.Resources = specs; rapid.IntRange(0, 5).Draw(t, "notResources") == 0 {
		s.Resources, s.NotResources = nil, specs
	}
	return s
}

func randomRole(t *rapid.T) role.Role {
	return role.Role{
		Key: "r", Name: "R", BasePermissions: rapid.SampledFrom([]string{role.NoAccess, role.NoAccess, role.Reader}).Draw(t, "base"),
		Policy: rapid.SliceOfN(rapid.Custom(randomStatement), 0, 3).Draw(t, "policy"),
	}
}

// everyRequest lists a request of every sort that random roles tell apart, and some that they do not
// name.
var everyRequest = func() (list []policy.Request) {
	names, values := []string{"a", "ab", "b", "c", "ac"}, []string{"false", "true"}
	tags := [][]string{nil, {"t"}, {"u"}, {"t", "u"}, {"tt"}}
	add := func(actions []string, resource ...policy.Part) {
		for _, a := range actions {
			list = append(list, policy.Request{Action: a, Resource: slices.Clone(resource)})
		}
	}
	for _, p := range names {
		add([]string{"updatePolicy", "createRole", "viewRole", "updateMembers"}, policy.Part{Type: "role", Key: p})
		for _, tag := range tags {
			add([]string{"viewProject", "updateProjectName", "deleteProject"}, policy.Part{Type: "proj", Key: p, Tags: tag})
		}
		for _, e := range names {
			for _, critical := range values {
				env := policy.Part{Type: "env", Key: e, Properties: map[string]string{"critical": critical}}
				add([]string{"updateCritical", "deleteEnvironment", "viewSdkKey", "updateName"}, policy.Part{Type: "proj", Key: p}, env)
				if p == "c" || p == "ac" || e == "ac" || e == "ab" {
					continue // enough of flags
				}
				for _, f := range []string{"a", "ab", "c"} {
					for i, tag := range tags[:4] {
						flag := policy.Part{Type: "flag", Key: f, Tags: tag, Views: [][]string{nil, {"v"}, {"a"}}[i%3]}
						add([]string{"updateOn", "createFlag", "deleteFlag"}, policy.Part{Type: "proj", Key: p}, env, flag)
					}
				}
			}
		}
	}
	return list
}()

// someValues are what the role attribute "x" may stand for.
var someValues = []map[string][]string{nil, {"x": {"a"}}, {"x": {"ab", "c"}}}

// vector says of every request whether the role allows it: for each of some values, alone and beside
// a role that lets every project be viewed.
func vector(r role.Role) string {
	out := make([]byte, 0, 2*len(someValues)*len(everyRequest))
	says := map[bool]byte{true: '1', false: '0'}
	for _, beside := range []bool{false, true} {
		held := bearer(r, beside).Held
		evaluator := policy.NewEvaluator(held, policy.DefaultSemantics())
		for _, values := range someValues {
			with := evaluator.Assigned([]map[string][]string{values, nil}[:len(held)])
			for _, request := range everyRequest {
				out = append(out, says[with.Allows(request)])
			}
		}
	}
	return string(out)
}
