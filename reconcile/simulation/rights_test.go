package simulation_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/emulator"
	"github.com/rolewright/rolewright/reconcile/people"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// rights say who may do what of a few sample requests, at each state of the account that any schedule
// of a scene has come to.
type rights struct {
	samples       []policy.Request // one of each sort that the scene's roles tell apart; nil looks at nothing
	before, after map[string][]bool
	known         map[string]string // what is wrong with a state, by all that it holds
}

var baseRoles = people.BaseRoles()

// samples has one request of each sort that the roles of scenes tell apart: they speak of these actions
// by name or of all, and of the keys a and b or of all.
var samples = func() (requests []policy.Request) {
	part := func(typ, key string, properties map[string]string) policy.Part {
		return policy.Part{Type: typ, Key: key, Properties: properties}
	}
	ask := func(action string, chain ...policy.Part) {
		requests = append(requests, policy.Request{Action: action, Resource: chain})
	}
	for _, key := range []string{"a", "b", "z"} {
		project := part("proj", key, nil)
		ask("viewProject", project)
		ask("updateTags", project)
		for _, thing := range []string{"a", "b", "z"} {
			ask("createMetric", project, part("metric", thing, nil))
			for _, critical := range []string{"true", "false"} {
				env := part("env", "e", map[string]string{"critical": critical})
				for _, action := range []string{"updateOn", "updateTargets", "updateRules"} {
					ask(action, project, env, part("flag", thing, nil))
				}
			}
		}
	}
	ask("createWebhook", part("webhook", "z", nil))
	return requests
}()

func newRights(s *scene, c *contents) *rights {
	r := &rights{known: map[string]string{}}
	if s.sampled {
		r.samples = samples
	}
	r.before = r.all(c)
	return r
}

func (r *rights) end(c *contents) { r.after = r.all(c) }

// all says what each member may do.
func (r *rights) all(c *contents) map[string][]bool {
	roles := map[string]role.Role{}
	for _, l := range c.roles {
		roles[l.ID] = as[role.Role](l)
	}
	teams, may := c.teams, map[string][]bool{}
	for _, m := range c.members {
		if len(m.CustomRoles) == 0 && m.Role == "admin" || m.Role == "owner" {
			continue // they may do everything all the time, and it takes long to say so
		}
		e := policy.NewEvaluator(heldBy(m, teams, roles), policy.DefaultSemantics())
		for _, q := range r.samples {
			may[m.ID] = append(may[m.ID], e.Allows(q))
		}
	}
	return may
}

// heldBy says what a member holds, as LaunchDarkly tells it: roles of their own take the place of the
// base role, those of teams add, and attributes are those of the place.
func heldBy(m emulator.Member, teams []emulator.Team, roles map[string]role.Role) (held []policy.Held) {
	add := func(ids []string, attributes role.Attributes) {
		for _, id := range ids {
			if r, known := roles[id]; known {
				held = append(held, policy.Held{Role: r, Attributes: attributes})
			}
		}
	}
	add(m.CustomRoles, m.RoleAttributes)
	if len(m.CustomRoles) == 0 {
		held = append(held, policy.Held{Role: baseRoles[m.Role]})
	}
	for _, t := range teams {
		if slices.Contains(t.Members, m.ID) {
			add(t.CustomRoles, t.RoleAttributes)
		}
	}
	return held
}

// transit says what is wrong with a state between before and after; "" is nothing.
func (r *rights) transit(c *contents) string {
	if r.after == nil {
		return ""
	}
	state := stateOf(c)
	why, known := r.known[state]
	if !known {
		why = r.judge(r.all(c))
		r.known[state] = why
	}
	return why
}

// stateOf is all of the account that says who may do what.
func stateOf(c *contents) string {
	var b strings.Builder
	for _, l := range c.roles {
		fmt.Fprintln(&b, l.ID, l.BasePermissions, l.Policy)
	}
	for _, t := range c.teams {
		fmt.Fprintln(&b, t.Key, t.CustomRoles, t.Members, t.RoleAttributes)
	}
	for _, m := range c.members {
		fmt.Fprintln(&b, m.ID, m.Role, m.CustomRoles, m.RoleAttributes)
	}
	return b.String()
}

func (r *rights) judge(now map[string][]bool) string {
	for id, may := range now {
		for i, q := range r.samples {
			was, will := r.before[id][i], r.after[id][i]
			switch {
			case was && will && !may[i]:
				return fmt.Sprintf("member %s may not %s, and may before and after", id, q)
			case may[i] && !was && !will:
				return fmt.Sprintf("member %s may %s, and may not before nor after", id, q)
			}
		}
	}
	return ""
}
