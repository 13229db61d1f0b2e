package reconcile

import (
	"context"
	"errors"
	"fmt"
	"sync"

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

// Crowd reads everything that decides what the people of an account may do, several questions at a
// time.
func Crowd(ctx context.Context, account Account) (people.Account, error) {
	known, ok := account.(apply.People)
	if !ok {
		return people.Account{}, errNoPeople
	}
	var all people.Account
	errs := make([]error, 3)
	var wait sync.WaitGroup
	wait.Go(func() { all.Roles, errs[0] = account.Roles(ctx) })
	wait.Go(func() { all.Teams, errs[1] = known.Teams(ctx) })
	wait.Go(func() { all.Members, errs[2] = known.Members(ctx) })
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return people.Account{}, err
		}
	}
	all.Members = plan.NameRoles(all.Members, all.Roles)
	return all, nil
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
// of the account, as "file:line"; "" if no file does, or if the account holds another policy.
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
		s, found := sources[key]
		if !found || statement >= len(s.Policy) {
			return ""
		}
		return fmt.Sprintf("%s:%d", s.File, s.Policy[statement].Line)
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
