package check

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// A box is a text that stands for requests: its actions on the resources of its specifiers.
type box struct {
	text  string
	parts []access.Box // one for each specifier, with those of the actions that its type has
}

// A mistake is why an assertion cannot be meant as it is written.
type mistake struct{ message, hint string }

func mistakef(hint, format string, args ...any) *mistake {
	return &mistake{fmt.Sprintf(format, args...), hint}
}

func didYouMean(near string) string {
	if near == "" {
		return ""
	}
	return "did you mean " + strconv.Quote(near) + "?"
}

const onWord = " on "

// readBox reads "ACTIONS on SPECIFIERS".
func readBox(text string) (box, *mistake) {
	flat := strings.Join(strings.Fields(text), " ")
	actions, specifiers, found := strings.Cut(flat, onWord)
	if !found {
		_, _, err := policy.ParseRequest(flat)
		return box{}, requestMistake(err)
	}
	return joinBox(flat, actions, specifiers)
}

// joinBox makes a box of actions and specifiers, each a text with commas.
func joinBox(text, actions, specifiers string) (box, *mistake) {
	b := box{text: text}
	for _, specifier := range strings.Split(specifiers, ", ") {
		part, problem := readPart(actions, specifier)
		if problem != nil {
			return b, problem
		}
		b.parts = append(b.parts, part)
	}
	return b, b.suit()
}

// readPart reads actions on one specifier.
func readPart(actions, specifier string) (access.Box, *mistake) {
	if specifier == "*" { // every resource: no policy can say so, a test can
		spec, _ := policy.ParseWith("*", policy.Options{AllowBareStar: true})
		list, _, err := policy.ParseRequest(actions + onWord + "acct")
		return access.Box{Actions: list, Specifier: spec}, requestMistake(err)
	}
	list, spec, err := policy.ParseRequest(actions + onWord + specifier)
	if problem := requestMistake(err); problem != nil {
		return access.Box{}, problem
	}
	return access.Box{Actions: list, Specifier: spec}, unknownType(spec)
}

func requestMistake(err error) *mistake {
	var e *policy.RequestError
	if !errors.As(err, &e) {
		return nil
	}
	if strings.Contains(e.Message, "did you mean") {
		return &mistake{message: fmt.Sprintf("%q: %s", e.Text, e.Message)}
	}
	return &mistake{fmt.Sprintf("%q: %s", e.Text, e.Message), didYouMean(e.Suggestion)}
}

// unknownType refuses types that the catalogue does not have: nothing can be asserted of them.
func unknownType(spec policy.Specifier) *mistake {
	for _, seg := range spec.Segments {
		if _, known := policy.DefaultCatalogue().Type(seg.Type); !known {
			return mistakef(didYouMean(policy.DefaultCatalogue().NearestType(seg.Type)), "%q matches no resource: there is no type %q", spec, seg.Type)
		}
	}
	return nil
}

// suit leaves each specifier the actions that its type has. An action that none of them has, or a
// specifier without an action, is a mistake.
func (b box) suit() *mistake {
	used := map[string]bool{}
	all := b.parts[0].Actions
	for i, part := range b.parts {
		fits := slices.DeleteFunc(slices.Clone(part.Actions), func(action string) bool { return !suits(part.Specifier, action) })
		for _, action := range fits {
			used[action] = true
		}
		if len(fits) == 0 {
			return foreign(part.Specifier, part.Actions[0])
		}
		b.parts[i].Actions = fits
	}
	for _, action := range all {
		if !used[action] {
			return foreign(b.parts[0].Specifier, action)
		}
	}
	return nil
}

func suits(spec policy.Specifier, action string) bool {
	if spec.Kind() == "*" {
		return strings.Contains(action, "*") || len(policy.DefaultCatalogue().ActionTypes(action)) > 0
	}
	return policy.DefaultCatalogue().MatchesAction(spec.Type(), action)
}

// foreign says that a type does not have an action.
func foreign(spec policy.Specifier, action string) *mistake {
	types := policy.DefaultCatalogue().ActionTypes(action)
	if len(types) > 0 {
		return mistakef("write the specifier of such a resource", "%q has no action %q: it is an action of %s", spec.Type(), action, strings.Join(types, ", "))
	}
	near := ""
	if !strings.Contains(action, "*") {
		near = policy.DefaultCatalogue().NearestAction(spec.Type(), action)
	}
	return mistakef(didYouMean(near), "%q has no action %q", spec.Type(), action)
}

// attributes returns the role attributes that the box uses.
func (b box) attributes() []string {
	var s role.Statement
	for _, part := range b.parts {
		s.Resources = append(s.Resources, part.Specifier.String())
	}
	return access.AttributesOf(role.Role{Policy: []role.Statement{s}})
}

// inProjects reports whether something of the box lies in a project.
func (b box) inProjects() bool {
	return slices.ContainsFunc(b.parts, func(p access.Box) bool { return slices.Contains([]string{"*", "proj"}, p.Specifier.Segments[0].Type) })
}

// words returns somebody whose policy speaks of the box as it is written, so that descriptions do.
func (b box) words() access.Subject {
	r := role.Role{}
	for _, part := range b.parts {
		r.Policy = append(r.Policy, role.Statement{Effect: role.Allow, Actions: part.Actions, Resources: []string{part.Specifier.String()}})
	}
	return access.Subject{Symbolic: true, Held: []policy.Held{{Role: r}}}
}

// region returns the requests of the box.
func (b box) region(e *access.Engine) access.Region {
	r := e.Box(b.parts[0])
	for _, part := range b.parts[1:] {
		r = r.Or(e.Box(part))
	}
	return r
}
