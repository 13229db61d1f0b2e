package reconcile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/people"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// errNoPeople is for an account that stands for roles alone, such as an old snapshot.
var errNoPeople = errors.New("it is not known who is in this account: only its roles are")

// Crowd reads everything that decides what the people of an account may do.
func Crowd(ctx context.Context, account Account) (people.Account, error) {
	if _, known := account.(apply.People); !known {
		return people.Account{}, errNoPeople
	}
	live, err := gather(ctx, account)
	return live.Account(), cmp.Or(err, live.PeopleErr)
}

// concerned says what a plan does to the people of an account: what it was before and is after.
func concerned(before, after people.Account, sem policy.Semantics) *plan.Concerned {
	effects, n := people.Effects(before, after, people.Options{Semantics: sem})
	c := &plan.Concerned{
		Members: n.Members, Holders: n.Holders, Gain: n.Gain, Lose: n.Lose, Both: n.Both, Undecided: n.Undecided,
		Effects: []plan.MemberEffect{},
	}
	for _, e := range effects {
		if e.Verdict != access.None {
			c.Effects = append(c.Effects, plan.MemberEffect{
				Email: e.Email, Pending: e.Pending, Verdict: e.Verdict, Gained: side(e.Gained), Lost: side(e.Lost),
				FallsBack: e.FallsBack, Notes: e.Notes,
			})
		}
	}
	return c
}

// side is what is gained or lost, in words where they were made, and else by example.
func side(s people.Side) []string {
	words := []string{}
	for _, l := range s.Lines {
		words = append(words, l.String())
	}
	if len(words) == 0 && s.Example != "" {
		words = append(words, s.Example)
	}
	return words
}

// ParseBoxes reads "ACTION[, ACTION…] on SPECIFIER": one box for each action.
func ParseBoxes(question string) (boxes []access.Box, err error) {
	actions, specifier, err := policy.ParseRequest(question)
	if err != nil {
		return nil, err
	}
	for _, action := range actions {
		boxes = append(boxes, access.Box{Actions: []string{action}, Specifier: specifier})
	}
	return boxes, nil
}

// InFiles returns a function that says where the files of a workspace declare a statement of a role
// of the account, as "file:line"; "" if no file does, or if the account holds another policy. The
// statements of a preset, which no file holds, are counted first.
func InFiles(ws *manifest.Workspace, roles []role.Live) func(key string, statement int) string {
	live := map[string]role.Live{}
	for _, l := range roles {
		live[l.Key] = l
	}
	sources := map[string]role.Source{}
	for _, d := range ws.Roles {
		if sameOrder(d.Policy, live[d.Key].Policy) {
			sources[d.Key] = d.Source
		}
	}
	return func(key string, statement int) string {
		s := sources[key]
		i := statement - len(live[key].PresetStatements)
		if i < 0 || i >= len(s.Policy) {
			return ""
		}
		return fmt.Sprintf("%s:%d", s.File, s.Policy[i].Line)
	}
}

// sameOrder reports whether two policies have the same statements in the same places.
func sameOrder(a, b []role.Statement) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !role.EqualStatement(a[i], b[i]) {
			return false
		}
	}
	return true
}

// ExplainHolder says how somebody holds which roles, and everything that they may do by them: what they
// gain by being in the account at all. A team stands for what it gives to its members. The error is a
// *people.NobodyError.
func ExplainHolder(account people.Account, who people.Who, sem policy.Semantics) (people.Effect, error) {
	member, found := memberOf(account, who)
	if !found {
		return people.Effect{}, &people.NobodyError{Who: who}
	}
	account.Members = nil
	with := account
	with.Members = []role.LiveMember{member}
	effects, _ := people.Effects(account, with, people.Options{Semantics: sem})
	if len(effects) == 0 || effects[0].Verdict == access.None {
		nothing := people.Side{Described: true, Description: access.Description{Lines: []access.Line{}, Exact: true}}
		return people.Effect{Email: who.Email, Verdict: access.None, Gained: nothing, After: with.Paths(member)}, nil
	}
	return effects[0], nil
}

// memberOf returns a member, or somebody who is in a team and holds nothing else.
func memberOf(account people.Account, who people.Who) (role.LiveMember, bool) {
	for _, m := range account.Members {
		if who.Team == "" && strings.EqualFold(m.Email, who.Email) {
			return m, true
		}
	}
	for _, t := range account.Teams {
		if who.Team == t.Key {
			nobody := role.Member{Email: "nobody@team", Role: role.NoAccess}
			return role.LiveMember{ID: "nobody", Member: nobody, Teams: []string{t.Key}}, true
		}
	}
	return role.LiveMember{}, false
}
