package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/role"
)

// Decision answers a request, with everything that led to the answer.
type Decision struct {
	Allowed bool
	Request Request
	// Reasons are the statements and base permissions that match, of all roles, whether they
	// decide or not, and what is missing. By request, then by role, then by statement;
	// what is missing comes last.
	Reasons []Reason
	// Problems are what could not be read in the roles and so matches nothing. They are there
	// whatever the request is.
	Problems  []Problem
	Semantics Semantics
}

// Kinds of [Reason].
const (
	ReasonAllow       = "allow"        // a statement allows the request
	ReasonDeny        = "deny"         // a statement denies it
	ReasonBase        = "base"         // base permissions allow it
	ReasonNone        = "none"         // no role allows it
	ReasonEnvironment = "environment"  // no role allows it in this environment, and it must be allowed in all
	ReasonNoOneRole   = "no-one-role"  // each environment has a role that allows it, but none is the same for all
	ReasonForeign     = "foreign"      // the resource cannot have the action: it is one of other types
	ReasonViewMissing = "view-missing" // no role lets the project be viewed, or not the one that must ([SameRole])
)

// Reason is something that speaks for or against a request.
type Reason struct {
	Kind string
	// Request is what it speaks about: what was asked, the same in another environment, or
	// viewProject on the project.
	Request Request
	// Decides tells what the decision rests on from what merely matches: if the request is
	// allowed, each allow that would suffice; if it is not, what is missing, and each deny
	// without which its role would allow it.
	Decides bool
	// Held is the index of the held role, Role and Through what it says of itself; -1 and empty
	// for what is missing.
	Held          int
	Role, Through string
	Statement     int         // index in the role's policy; -1 for base permissions and what is missing
	Effect        role.Effect // empty for what is missing
	// Specifier and Action are the first elements of resources and actions that match, as
	// written; empty where notResources or notActions match because none of theirs does.
	Specifier, Action string
}

// String says what the reason is, as: role "dev" (team checkout), statement 3, allows "update*" on
// "proj/*". For people, statements count from 1.
func (r Reason) String() string {
	switch r.Kind {
	case ReasonNone:
		return fmt.Sprintf("no role allows %q", r.Request)
	case ReasonEnvironment:
		return fmt.Sprintf("the action changes every environment, and no role allows %q", r.Request)
	case ReasonNoOneRole:
		return fmt.Sprintf("the action changes every environment, and no single role allows it in all of them: %q", r.Request)
	case ReasonForeign:
		return foreignText(r.Request)
	case ReasonViewMissing:
		return fmt.Sprintf("nothing in the project can be used without %q", r.Request)
	case ReasonBase:
		return holder(r.Role, r.Through) + fmt.Sprintf(", base permissions, allows %q on everything", r.Action)
	}
	return fmt.Sprintf("%s, statement %d, %s %s on %s", holder(r.Role, r.Through), r.Statement+1,
		map[role.Effect]string{role.Allow: "allows", role.Deny: "denies"}[r.Effect],
		element(r.Action, "actions"), element(r.Specifier, "resources"))
}

// foreignText says: "flag" has no action "viewProject"; it is an action of "proj".
func foreignText(req Request) string {
	types := DefaultCatalogue().ActionTypes(req.Action)
	if len(types) == 0 { // in another letter case
		for _, t := range DefaultCatalogue().folded[strings.ToLower(req.Action)] {
			types = append(types, t.Name)
		}
	}
	return fmt.Sprintf("%q has no action %q; it is an action of %s", req.Resource[len(req.Resource)-1].Type, req.Action, anyOf(types))
}

func holder(key, through string) string {
	if through == "" {
		return fmt.Sprintf("role %q", key)
	}
	return fmt.Sprintf("role %q (%s)", key, through)
}

func element(text, list string) string {
	if text == "" {
		return "all but the listed " + list
	}
	return fmt.Sprintf("%q", text)
}

// Deciding returns the reasons that decide.
func (d Decision) Deciding() []Reason {
	var deciding []Reason
	for _, r := range d.Reasons {
		if r.Decides {
			deciding = append(deciding, r)
		}
	}
	return deciding
}

// matches returns the reasons that the roles give. If the request is allowed, the allows of the
// roles that count decide; if it is not, the denies that stop an allow of their role do, unless no
// role could allow it.
func (v verdicts) matches() []Reason {
	allowed := v.allowed()
	var reasons []Reason
	for n := range v.requests {
		counts := func(i int) bool { return v.counts(n, i) }
		reasons = append(reasons, reasonsOf(v.answers[n], allowed, v.foreign || v.met(n), counts)...)
	}
	return append(reasons, reasonsOf(v.views, allowed, v.foreign || v.viewMet(), v.viewCounts)...)
}

// viewCounts reports whether it counts that role i lets the project be viewed: where the same
// role must allow what was asked, only if it does.
func (v verdicts) viewCounts(i int) bool {
	counts := v.sem.ViewFrom != SameRole
	for n := range v.requests {
		counts = counts || v.counts(n, i)
	}
	return counts && v.views[i].allowed
}

func reasonsOf(answers []answer, allowed, met bool, counts func(i int) bool) []Reason {
	var reasons []Reason
	for i, a := range answers {
		for _, r := range a.reasons {
			stops := !met && a.stopped && r.Effect == role.Deny
			grants := allowed && counts(i) && r.Effect == role.Allow
			r.Decides = stops || grants
			reasons = append(reasons, r)
		}
	}
	return reasons
}

// missing says what is not met; nothing if the request is allowed.
func (v verdicts) missing() []Reason {
	if v.foreign {
		return []Reason{nobody(ReasonForeign, v.requests[0])}
	}
	kind := ReasonNone
	if len(v.requests) > 1 {
		kind = ReasonEnvironment
	}
	var reasons []Reason
	for n, r := range v.requests {
		if !slices.ContainsFunc(v.answers[n], granting) {
			reasons = append(reasons, nobody(kind, r))
		}
	}
	if !v.viewMet() {
		reasons = append(reasons, nobody(ReasonViewMissing, v.project))
	}
	if len(reasons) == 0 && !v.allowed() {
		reasons = append(reasons, nobody(ReasonNoOneRole, v.requests[0]))
	}
	return reasons
}

func nobody(kind string, req Request) Reason {
	return Reason{Kind: kind, Request: req, Decides: true, Held: -1, Statement: -1}
}

// Problem is a part of a role that cannot be read. It matches nothing, so a resource is not named
// by it, nor left out by it where it stands in notResources.
type Problem struct {
	Held, Statement int    // indexes of the held role and of the statement in its policy
	Element         string // the specifier; empty if the statement itself is malformed
	Message         string
	Suggestion      string // what was probably meant, or ""
}

// String returns the message, with the statement counted from 1.
func (p Problem) String() string {
	text := fmt.Sprintf("statement %d: %s", p.Statement+1, p.Message)
	if p.Suggestion != "" {
		text += fmt.Sprintf(", did you mean %q", p.Suggestion)
	}
	return text
}
