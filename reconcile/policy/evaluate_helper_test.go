package policy

import (
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/role"
)

// say reads a statement as a test writes it: "allow updateOn update* on proj/*", lists separated
// by blanks, "not" before a list for notActions and notResources.
func say(text string) role.Statement {
	head, resources, found := strings.Cut(text, " on ")
	effect, actions, _ := strings.Cut(head, " ")
	if !found {
		panic("no statement: " + text)
	}
	s := role.Statement{Effect: role.Effect(effect)}
	if list, not := strings.CutPrefix(actions, "not "); not {
		s.NotActions = strings.Fields(list)
	} else {
		s.Actions = strings.Fields(actions)
	}
	if list, not := strings.CutPrefix(resources, "not "); not {
		s.NotResources = strings.Fields(list)
	} else {
		s.Resources = strings.Fields(resources)
	}
	return s
}

// hold makes a held role of base permissions "no_access" from statements in the form of say; a
// statement "reader" makes them "reader".
func hold(statements ...string) Held {
	r := role.Role{Key: "r", BasePermissions: role.NoAccess}
	for _, text := range statements {
		if text == role.Reader {
			r.BasePermissions = role.Reader
			continue
		}
		r.Policy = append(r.Policy, say(text))
	}
	return Held{Role: r}
}

// with sets a role attribute.
func (h Held) with(name string, values ...string) Held {
	attributes := map[string][]string{name: values}
	for n, v := range h.Attributes {
		attributes[n] = v
	}
	h.Attributes = attributes
	return h
}

// viewing grants viewProject on everything, for tests of something else.
var viewing = hold("allow viewProject on proj/*")

// ask makes a request from "ACTION on SPECIFIER"; further specifiers are environments of the
// project besides.
func ask(text string, environments ...string) Request {
	actions, spec, err := ParseRequest(text)
	if err != nil {
		panic(err)
	}
	req, err := NewRequest(actions[0], spec)
	if err != nil {
		panic(err)
	}
	for _, e := range environments {
		spec, err := Parse("proj/x:" + e)
		if err != nil {
			panic(err)
		}
		req.Environments = append(req.Environments, spec.Segments[1].part())
	}
	return req
}

// under returns the default semantics with some settings changed.
func under(settings ...string) Semantics {
	sem, err := ParseSemantics(settings)
	if err != nil {
		panic(err)
	}
	return sem
}

// kinds returns the kinds of the reasons.
func kinds(reasons []Reason) []string {
	var list []string
	for _, r := range reasons {
		list = append(list, r.Kind)
	}
	return list
}

func texts(reasons []Reason) []string {
	var list []string
	for _, r := range reasons {
		list = append(list, r.String())
	}
	return list
}

func reversed[T any](list []T) []T {
	list = slices.Clone(list)
	slices.Reverse(list)
	return list
}
