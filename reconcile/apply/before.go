package apply

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

// checkPlan refuses a plan that must not be applied. A plan that was read from a file has been
// checked more closely there; this is what keeps the rest of the package from guessing.
func (r *run) checkPlan() {
	err := r.plan.Appliable()
	switch {
	case errors.Is(err, plan.ErrBlocked):
		r.halt(&stop{plan.Blocked, err.Error(), wayRound(r.plan.Blocks[0])})
		return
	case err == nil:
		err = consistent(r.plan)
	}
	if err != nil {
		r.halt(&stop{ReasonFailed, err.Error(), hintNoPlan})
		return
	}
	if r.people == nil && (needs(r.plan, plan.KindTeam) || needs(r.plan, plan.KindMember)) {
		r.halt(&stop{ReasonFailed, errNoPeople.Error(), hintInternalBug})
	}
}

// wayRound says what to do about a guard.
func wayRound(b plan.Block) string {
	if b.Flag != "" {
		return b.Flag + " lets it through"
	}
	return b.Hint
}

// consistent reports what keeps the changes of p from being carried out as they stand. It also
// holds an empty plan to its own count.
func consistent(p *plan.Plan) error {
	seen, again := map[string]bool{}, 0
	for _, c := range p.Changes {
		if fault := malformed(c); fault != "" {
			return fmt.Errorf("change %q of the plan: %s", c.ID, fault)
		}
		subject := fmt.Sprintf("%s %q", c.Kind, c.Key)
		if c.Part() == 2 {
			if !seen[subject] {
				return fmt.Errorf("the plan has the second step of the %s and not the first", subject)
			}
			subject += " again"
			again++
		}
		if seen[subject] {
			return fmt.Errorf("the plan changes the %s twice", subject)
		}
		seen[subject] = true
	}
	if n := len(seen) - again; p.Summary.Total() != n {
		return fmt.Errorf("the plan counts %d changes and holds %d", p.Summary.Total(), n)
	}
	return nil
}

// malformedHolder is malformed for a change of a team or a member.
func malformedHolder(c plan.Change) string {
	h := c.Holder
	switch {
	case h == nil || (h.Team != nil) != (c.Kind == plan.KindTeam) || (h.Member != nil) != (c.Kind == plan.KindMember):
		return "what changes of the " + c.Kind + " is missing"
	case c.Action != plan.Update && (c.Action != plan.Create || h.Team == nil):
		return fmt.Sprintf("action %q is none for a %s", c.Action, c.Kind)
	case !slices.Contains(plan.Phases(), c.Phase):
		return fmt.Sprintf("phase %q is unknown", c.Phase)
	case h.Team != nil && (h.Team.After.Key != c.Key || (h.Team.Before == nil) != (c.Action == plan.Create)),
		h.Member != nil && h.Member.Before.ID == "", c.Action == plan.Update && c.BeforeDigest == "":
		return "the " + c.Kind + " as it was is missing, or has another key"
	}
	return ""
}

// malformed says what keeps c from being carried out, or "".
func malformed(c plan.Change) string {
	if c.Kind == plan.KindTeam || c.Kind == plan.KindMember {
		return malformedHolder(c)
	}
	makes := slices.Contains([]plan.Action{plan.Create, plan.Replace, plan.Update}, c.Action)
	takes := c.Action != plan.Create
	old := c.Key
	if c.Action == plan.Replace {
		old = c.Replaces
	}
	switch {
	case !makes && c.Action != plan.Delete:
		return fmt.Sprintf("action %q is unknown", c.Action)
	case c.Kind != "role":
		return fmt.Sprintf("kind %q is unknown", c.Kind)
	case !slices.Contains(plan.Phases(), c.Phase):
		return fmt.Sprintf("phase %q is unknown", c.Phase)
	case role.CheckKey(c.Key) != nil:
		return role.CheckKey(c.Key).Error()
	case makes && (c.After == nil || c.After.Key != c.Key):
		return "the wanted role is missing or has another key"
	case takes && (c.Before == nil || c.Before.Key != old || c.BeforeDigest == ""):
		return "the role as it was is missing or has another key"
	}
	return ""
}

// checkAccount compares every role that the plan touches with the account.
func (r *run) checkAccount() {
	if len(r.plan.Changes) == 0 {
		return
	}
	live, err := r.list()
	if err != nil {
		r.halt(failure("list roles", err))
		return
	}
	for key, l := range live.roles {
		r.learn(key, l.ID)
	}
	var moved []string
	for i, c := range r.plan.Changes {
		if how := movedSince(c, live); how != "" {
			r.outcomes[i].Error = how
			moved = append(moved, fmt.Sprintf("%s %q: %s", c.Kind, c.Key, how))
		}
	}
	if len(moved) > 0 {
		r.halt(&stop{ReasonStale, "the account is not as it was when the plan was made: " + list(moved), hintStale})
	}
}

// movedSince says how the account differs from what c was planned for, or "".
func movedSince(c plan.Change, live listing) string {
	now, there := live.find(c)
	switch {
	case c.Part() == 2:
		return "" // it starts from what the first step leaves
	case there && (c.Action == plan.Create || c.Action == plan.Replace):
		return madeMeanwhile(c, now)
	case c.Action == plan.Create:
		return ""
	case c.Action == plan.Replace:
		return replacedMeanwhile(c, live.roles)
	case !there:
		return goneMeanwhile(c)
	}
	return editedMeanwhile(c, now)
}

func madeMeanwhile(c plan.Change, now thing) string {
	if now.unlike(c) == "" {
		return "it is already as the plan wants it: the plan was applied before"
	}
	return "somebody else made it since the plan was made"
}

// replacedMeanwhile says how the role whose place c takes has moved, or "".
func replacedMeanwhile(c plan.Change, live map[string]role.Live) string {
	old, there := live[c.Replaces]
	how := goneMeanwhile(c)
	if there {
		how = editedMeanwhile(c, thing{role: old})
	}
	if how == "" {
		return ""
	}
	return fmt.Sprintf("it takes the place of %q: %s", c.Replaces, how)
}

func goneMeanwhile(c plan.Change) string {
	if c.Action == plan.Delete {
		return "it is already gone: the plan was applied before, or somebody else deleted it"
	}
	return "somebody else deleted it since the plan was made"
}

// editedMeanwhile says how what c updates or deletes has moved, or "".
func editedMeanwhile(c plan.Change, now thing) string {
	switch {
	case c.Before != nil && now.role.ID != c.Before.ID:
		return fmt.Sprintf("somebody else deleted it and made it anew since the plan was made: its id was %q and is %q", c.Before.ID, now.role.ID)
	case c.Action == plan.Delete && more(now.role.Assigned, c.Before.Assigned):
		return fmt.Sprintf("it is held by %s now, and by %s when the plan was made", holders(now.role.Assigned), cmp.Or(holders(c.Before.Assigned), "nobody"))
	case now.digest(c) == c.BeforeDigest:
		return ""
	case c.Action == plan.Update && now.unlike(c) == "":
		return "it is already as the plan wants it: the plan was applied before, or somebody else made the same edit"
	}
	fields := now.moved(c)
	if fields == "" {
		fields = "fields that rolewright does not manage"
	}
	return "somebody else edited it since the plan was made: " + fields
}

// more reports whether a counts holders that b does not.
func more(a, b role.Assigned) bool { return a.Members > b.Members || a.Teams > b.Teams }

// holders counts who holds a role, in words.
func holders(a role.Assigned) string {
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{{a.Members, "member"}, {a.Teams, "team"}} {
		switch {
		case p.n == 1:
			parts = append(parts, "1 "+p.what)
		case p.n > 1:
			parts = append(parts, fmt.Sprintf("%d %ss", p.n, p.what))
		}
	}
	return strings.Join(parts, " and ")
}

// unlike names the fields in which a role is not as wanted; "" if it is. A wanted role without a
// resource category leaves it to the account, as package plan does.
func unlike(is, want role.Role) string {
	if want.ResourceCategory == "" {
		want.ResourceCategory = is.ResourceCategory
	}
	return differing(is, want)
}

// differing names the fields in which two roles differ, in the order of the API.
func differing(a, b role.Role) string {
	return namesOf(
		field{"key", a.Key == b.Key},
		field{"name", a.Name == b.Name},
		field{"description", a.Description == b.Description},
		field{"basePermissions", a.BasePermissions == b.BasePermissions},
		field{"resourceCategory", a.ResourceCategory == b.ResourceCategory},
		field{"policy", role.EqualPolicy(a.Policy, b.Policy)},
	)
}

// list joins what is said of several roles; beyond ten it counts, since each outcome has its own.
func list(parts []string) string {
	const most = 10
	if len(parts) > most {
		return fmt.Sprintf("%s; and %d more", strings.Join(parts[:most], "; "), len(parts)-most)
	}
	return strings.Join(parts, "; ")
}
